"""Named kinds of networks: latency and loss of their packets.

``local``: one machine or rack. ``lan``: one data centre. ``wan``: four regions, far apart.
``wifi``: a radio network that loses packets in bursts (Gilbert 1960, Elliott 1963).
"""

from __future__ import annotations

from math import exp, log
from random import Random

from swimtx.simulation.clock import VirtualClock
from swimtx.simulation.latency import LAN, Latency, exponential

#: One-way latencies between regions, in seconds: half of the usual round trips between data centres
#: in Europe, on the two coasts of America, and in Asia. A host's region is its number modulo 4.
REGIONS = (
    (0.0004, 0.040, 0.070, 0.115),
    (0.040, 0.0004, 0.032, 0.105),
    (0.070, 0.032, 0.0004, 0.055),
    (0.115, 0.105, 0.055, 0.0004),
)
_WAN_QUEUES = 0.05  # mean queueing delay, as a share of the one-way latency
LOCAL = exponential(0.00005, 0.00002)
_WIFI_LEAST, _WIFI_QUEUES = 0.0015, 0.004  # seconds


def regions(rng: Random, source: str, destination: str) -> float:
    """The latency between hosts of four regions, in seconds."""
    least = REGIONS[_region(source)][_region(destination)]
    return least * (1.0 - _WAN_QUEUES * log(1.0 - rng.random()))


def _region(host: str) -> int:
    """The region of a host, by the last part of its address."""
    last = host.rsplit("." if "." in host else ":", 1)[-1]
    return int(last or "0", 10 if "." in host else 16) % len(REGIONS)


class Radio:
    """A latency model with a link per host that alternates between a good and a bad state.

    A packet has to survive the links of both hosts.

    @param clock: the clock of the network.
    @param good: the mean time that a link stays good, in seconds.
    @param bad: the mean time that a link stays bad, in seconds.
    @param loss_good: the probability that a good link loses a packet.
    @param loss_bad: the probability that a bad link loses a packet.
    """

    def __init__(
        self,
        clock: VirtualClock,
        good: float = 9.0,
        bad: float = 1.0,
        loss_good: float = 0.01,
        loss_bad: float = 0.5,
    ) -> None:
        self._now = clock.seconds
        self._share = bad / (good + bad)  # of the time in which a link is bad
        self._rate = 1.0 / good + 1.0 / bad  # at which a link's past state is forgotten, per second
        self._losses = (loss_good, loss_bad)
        self._links: dict[str, tuple[float, bool]] = {}

    def __call__(self, rng: Random, source: str, destination: str) -> float | None:
        """The travel time of a packet, in seconds; C{None}: the packet is lost."""
        for host in (source, destination):
            if rng.random() < self._losses[self._is_bad(rng, host)]:
                return None
        return _WIFI_LEAST - _WIFI_QUEUES * log(1.0 - rng.random())

    def _is_bad(self, rng: Random, host: str) -> bool:
        """The current state of a link, drawn given its state at the last packet."""
        now = self._now()
        seen, was_bad = self._links.get(host, (0.0, False))
        remembered = exp(-self._rate * (now - seen))
        chance = self._share + (was_bad - self._share) * remembered
        bad = rng.random() < chance
        self._links[host] = (now, bad)
        return bad


NETWORKS = ("local", "lan", "wan", "wifi")
"""The names that L{network_named} takes."""


def network_named(name: str, clock: VirtualClock) -> Latency:
    """The latency model, with losses, of a kind of network.

    @raise KeyError: no kind of network has that name.
    """
    if name == "wifi":
        return Radio(clock)
    known: dict[str, Latency] = {"local": LOCAL, "lan": LAN, "wan": regions}
    return known[name]
