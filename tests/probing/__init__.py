"""Tests of ``swimtx.probing``."""
