"""Groups in virtual time: a clock, a network of hosts with processes, and what can go wrong."""

from swimtx.simulation.clock import HeapClock
from swimtx.simulation.faults import EVERYONE
from swimtx.simulation.latency import LAN, Latency, exponential, fixed, uniform
from swimtx.simulation.network import MemoryNetwork, Traffic
from swimtx.simulation.process import MemoryReactor
from swimtx.simulation.stepping import run_for

__all__ = [
    "EVERYONE",
    "LAN",
    "HeapClock",
    "Latency",
    "MemoryNetwork",
    "MemoryReactor",
    "Traffic",
    "exponential",
    "fixed",
    "run_for",
    "uniform",
]
