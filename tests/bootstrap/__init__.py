"""Tests of ``swimtx.bootstrap``."""
