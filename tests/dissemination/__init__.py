"""Tests of ``swimtx.dissemination``."""
