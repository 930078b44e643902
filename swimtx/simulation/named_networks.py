"""Networks by name: how long packets travel on them, and how they get lost.

``local``: one machine or rack. ``lan``: one data centre. ``wan``: four regions, far apart.
``wifi``: radio, on which packets are lost in bursts (Gilbert 1960, Elliott 1963).
"""

from __future__ import annotations

from math import exp, log
from random import Random

from swimtx.simulation.clock import VirtualClock
from swimtx.simulation.latency import LAN, Latency, exponential

#: One way between two regions, in seconds: half of what is usual between data centres in Europe, on
#: the two coasts of America, and in Asia. A host's region is its number modulo 4.
REGIONS = (
    (0.0004, 0.040, 0.070, 0.115),
    (0.040, 0.0004, 0.032, 0.105),
    (0.070, 0.032, 0.0004, 0.055),
    (0.115, 0.105, 0.055, 0.0004),
)
_WAN_QUEUES = 0.05  # of the way's time, on average, on top
LOCAL = exponential(0.00005, 0.00002)
_WIFI_LEAST, _WIFI_QUEUES = 0.0015, 0.004  # seconds


def regions(rng: Random, source: str, destination: str) -> float:
    """Between hosts of four regions."""
    least = REGIONS[_region(source)][_region(destination)]
    return least * (1.0 - _WAN_QUEUES * log(1.0 - rng.random()))


def _region(host: str) -> int:
    """By the last part of the address."""
    last = host.rsplit("." if "." in host else ":", 1)[-1]
    return int(last or "0", 10 if "." in host else 16) % len(REGIONS)


class Radio:
    """Each host's link is good, or bad, for a while: a packet has to get past both its ends.

    @param clock: gives the time.
    @param good: seconds that a link stays good, on average.
    @param bad: seconds that it stays bad.
    @param loss_good: the chance of a packet to be lost on a good link,
    @param loss_bad: and on a bad one.
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
        self._share = bad / (good + bad)  # of the time that a link is bad
        self._rate = 1.0 / good + 1.0 / bad  # at which its past is forgotten, per second
        self._losses = (loss_good, loss_bad)
        self._links: dict[str, tuple[float, bool]] = {}

    def __call__(self, rng: Random, source: str, destination: str) -> float | None:
        """How long that packet travels."""
        for host in (source, destination):
            if rng.random() < self._losses[self._is_bad(rng, host)]:
                return None
        return _WIFI_LEAST - _WIFI_QUEUES * log(1.0 - rng.random())

    def _is_bad(self, rng: Random, host: str) -> bool:
        """The link's state now, from what it was when somebody last looked."""
        now = self._now()
        seen, was_bad = self._links.get(host, (0.0, False))
        remembered = exp(-self._rate * (now - seen))
        chance = self._share + (was_bad - self._share) * remembered
        bad = rng.random() < chance
        self._links[host] = (now, bad)
        return bad


NETWORKS = ("local", "lan", "wan", "wifi")
"""The names that L{network_named} knows."""


def network_named(name: str, clock: VirtualClock) -> Latency:
    """The latency and the losses of a kind of network.

    @raise KeyError: no kind of network has that name.
    """
    if name == "wifi":
        return Radio(clock)
    known: dict[str, Latency] = {"local": LOCAL, "lan": LAN, "wan": regions}
    return known[name]
