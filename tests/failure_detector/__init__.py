"""Tests of ``swimtx.failure_detector``."""
