"""The time until any member pings a crashed one (SWIM §3.1, §5.3).

The paper counts whole protocol periods: in each of them the crashed member is picked by at least
one of n - 1 others with probability 1 - (1 - 1/n)^(n-1), which tends to 1 - 1/e. So the number of
the period in which that happens first is geometric, with mean e / (e - 1) = 1.582, the period of
the crash being the first. Members here have no common periods; the counted ones begin at the crash.
Then P(no member picks it during one of them) is the same 1/e, and the wait w is counted as
ceil(w / T'): a member picked after 0.3 T' was picked in the first period.

The members probe in the paper's order, randomised round robin (§4.3). The order that swimtx ships
is shown beside it: it probes every member once in each period, so the first period nearly always
suffices.

One group is measured again and again: the host of a random member loses power at a random moment;
the first PING to it ends the measurement, and the member restarts. The host crashes, and not only
the process, so that only the order of probes counts: a tripwire reports a killed process within a
millisecond.
"""

from __future__ import annotations

import math
from statistics import fmean

from benchmarks.report import Figure, shown
from benchmarks.simulated_scenes import at_rest, chance, spy
from swimtx.parts import PUBLISHED, SHIPPED, Parts
from swimtx.simulation import Group
from swimtx.wire.messages import MessageType

MEMBERS = 128
CRASHES = 600
EXPECTED = math.e / (math.e - 1)
TOLERANCE = 0.05
_BOUND = 60.0  # seconds; the paper's is 2n - 1 periods


def measure() -> list[Figure]:
    """The mean wait over many crashes with the paper's parts, over fewer with the shipped ones."""
    waits = first_pings(PUBLISHED, CRASHES)
    mean = fmean(math.ceil(wait) for wait in waits)
    what = f"whole periods until the first PING to a crashed one, mean of {CRASHES}, N={MEMBERS}"
    ours = first_pings(SHIPPED, CRASHES // 6)
    return [
        Figure(
            "first-ping",
            what,
            f"{EXPECTED:.3f} +- {TOLERANCE:.0%}",
            f"{mean:.3f}",
            abs(mean / EXPECTED - 1) <= TOLERANCE,
        ),
        shown("first-ping", "the wait itself in periods, mean (1.0)", f"{fmean(waits):.3f}"),
        shown("first-ping", "the wait itself in periods, longest", f"{max(waits):.2f}"),
        shown("first-ping", "the wait by the shipped order, mean (0.5)", f"{fmean(ours):.3f}"),
        shown("first-ping", "the wait by the shipped order, longest", f"{max(ours):.2f}"),
    ]


def first_pings(parts: Parts, crashes: int) -> list[float]:
    """The waits, in periods."""
    group = at_rest(MEMBERS, "first-ping", parts, seconds=150)
    random = chance("first-ping")
    waits = []
    for _ in range(crashes):
        group.run_for(random.random() * group.config.period)
        victim = random.choice(group.running)
        waits.append(_wait(group, victim) / group.config.period)
        group.restart(victim)
        group.run_for(6)
    return waits


def _wait(group: Group, victim: str) -> float:
    """Crash the victim; the seconds until any member sends it a PING."""
    pings: list[float] = []
    address = group.address(victim)
    began = group.now

    def sent(kind: MessageType, source: tuple[str, int], destination: tuple[str, int]) -> None:
        if destination == address and kind is MessageType.PING and not pings:
            pings.append(group.now - began)

    group.vanish(victim)
    stop = spy(group, sent)
    group.run_until(lambda: bool(pings), _BOUND)
    stop()
    return pings[0]
