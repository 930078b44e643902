"""Measures the costs of swimtx, and the times in which it detects failures."""
