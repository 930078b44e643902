"""Sends and receives messages, by datagram and by stream. Start at ``protocol``."""
