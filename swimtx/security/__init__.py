"""Protects messages in transit, and decides from which addresses messages are read.

The entry point is ``envelope``.
"""
