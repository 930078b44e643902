"""Tests of ``swimtx.discovery``."""
