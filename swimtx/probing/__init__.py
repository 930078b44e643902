"""Probing one member: PING, PING_REQ through k relays, NACK, and a PING by stream (SWIM §3.1,
Lifeguard §IV-A and §IV-C).

Start at ``probe``.
"""
