"""Tests of ``swimtx.membership``."""
