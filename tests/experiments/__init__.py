"""Tests of ``swimtx.experiments``."""
