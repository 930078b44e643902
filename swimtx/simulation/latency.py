"""How long a packet travels: small callables that a simulated network asks for every packet."""

from __future__ import annotations

from collections.abc import Callable
from math import log
from random import Random

#: C{latency(rng, source, destination)} in seconds, for the literal addresses of two hosts: a model
#: of regions looks at the addresses, a simple one ignores them. C{None}: the packet is lost.
Latency = Callable[[Random, str, str], float | None]

#: From a host to itself, in seconds.
LOOPBACK = 0.00002


def fixed(seconds: float) -> Latency:
    """Always the same."""
    return lambda rng, source, destination: seconds


def uniform(low: float, high: float) -> Latency:
    """Anything between two bounds, in seconds, each as likely."""
    width = high - low
    return lambda rng, source, destination: low + width * rng.random()


def exponential(least: float, mean_extra: float) -> Latency:
    """The least that the wire needs, and on top what queues take, in seconds."""
    return lambda rng, source, destination: least - mean_extra * log(1.0 - rng.random())


#: A local network: 0.3 ms, and 0.2 ms of queues on average.
LAN = exponential(0.0003, 0.0002)
