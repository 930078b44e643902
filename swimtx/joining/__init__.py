"""Joining a group, leaving it, and peers that are not in the member list. Start at ``join``."""
