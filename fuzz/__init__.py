"""Feeds mutated datagrams to the decoder, and to a whole member.

The entry point is ``datagrams``.
"""
