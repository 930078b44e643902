"""Joining a group, leaving it, and members that are not known yet. Start at ``join``."""
