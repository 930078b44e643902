"""Latency models: callables that give the travel time of each packet on a simulated network."""

from __future__ import annotations

from collections.abc import Callable
from math import log
from random import Random

#: C{latency(rng, source, destination)} in seconds, for the literal addresses of two hosts: a model
#: of regions uses the addresses, a simple model ignores them. C{None}: the packet is lost.
Latency = Callable[[Random, str, str], float | None]

#: The latency from a host to itself, in seconds.
LOOPBACK = 0.00002


def fixed(seconds: float) -> Latency:
    """A constant latency, in seconds."""
    return lambda rng, source, destination: seconds


def uniform(low: float, high: float) -> Latency:
    """A latency that is uniformly distributed between two bounds, in seconds."""
    width = high - low
    return lambda rng, source, destination: low + width * rng.random()


def exponential(least: float, mean_extra: float) -> Latency:
    """A least latency of the wire plus an exponentially distributed queueing delay, in seconds."""
    return lambda rng, source, destination: least - mean_extra * log(1.0 - rng.random())


#: A local network: 0.3 ms, and a queueing delay of 0.2 ms on average.
LAN = exponential(0.0003, 0.0002)
