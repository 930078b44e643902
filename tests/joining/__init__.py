"""Tests of ``swimtx.joining``."""
