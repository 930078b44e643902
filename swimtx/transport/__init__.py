"""Messages in and out, by datagram and by stream. Start at ``protocol``."""
