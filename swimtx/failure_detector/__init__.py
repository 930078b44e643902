"""Selects probe targets and judges the outcome of each probe (SWIM §3.1, §4.3).

The entry point is ``detector``.
"""
