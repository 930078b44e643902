"""How long a suspect may take, and when it is declared failed (SWIM §4.2, Lifeguard §IV-B).

Start at ``timers``.
"""
