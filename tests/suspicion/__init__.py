"""Tests of ``swimtx.suspicion``."""
