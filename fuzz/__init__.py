"""Hostile bytes: valid datagrams, mutated, against the decoder and against a whole member."""
