"""Which member to probe when, and what the outcome means (SWIM §3.1, §4.3).

Start at ``detector``.
"""
