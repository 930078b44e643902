"""Tests of ``swimtx.security``."""
