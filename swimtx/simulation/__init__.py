"""Simulation of groups in virtual time: a clock, a network of hosts with their processes, and the
faults of networks, hosts and processes. Start at ``group``.
"""

from swimtx.simulation.clock import START, VirtualClock
from swimtx.simulation.faults import EVERYONE
from swimtx.simulation.group import Group
from swimtx.simulation.history import Announced, Run
from swimtx.simulation.latency import LAN, Latency, exponential, fixed, uniform
from swimtx.simulation.measures import Knowledge, Load, Meter, knowledge
from swimtx.simulation.memory_reactor import MemoryReactor
from swimtx.simulation.network import MemoryNetwork, Traffic
from swimtx.simulation.run_for import run_for
from swimtx.simulation.scenario import Scenario, ScenarioPlan, ScenarioReport

__all__ = [
    "EVERYONE",
    "LAN",
    "START",
    "Announced",
    "Group",
    "Knowledge",
    "Latency",
    "Load",
    "MemoryNetwork",
    "MemoryReactor",
    "Meter",
    "Run",
    "Scenario",
    "ScenarioPlan",
    "ScenarioReport",
    "Traffic",
    "VirtualClock",
    "exponential",
    "fixed",
    "knowledge",
    "run_for",
    "uniform",
]
