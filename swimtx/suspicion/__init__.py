"""Times suspicions and declares suspects failed (SWIM §4.2, Lifeguard §IV-B).

The entry point is ``timers``.
"""
