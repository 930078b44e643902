"""Tests of ``swimtx.transport``."""
