"""Tests of ``swimtx.wire``: bytes, limits and refusals."""
