"""How updates spread, and how differing tables are made equal (SWIM §4.1, §3.2).

Start at ``update_queue``.
"""
