"""Measurements of what swimtx costs and how soon it detects failures."""
