"""Tests of the wire: bytes, limits, and what is refused."""
