"""How updates spread, and how tables that differ become one (SWIM §4.1, §3.2).

Start at ``update_queue``.
"""
