"""Fuzzing: mutated datagrams against the decoder, and against a whole member. Start at
``datagrams``.
"""
