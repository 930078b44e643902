"""A hundred thousand mutated datagrams, sent to the members of a running group.

Half of them are mutations of every kind of message, half of datagrams that the group has just sent,
with its names, epochs and open sequence numbers. The group has no encryption, so some are valid
and make false claims about real members, which have to refute them.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from twisted.logger import ILogObserver, LogLevel, globalLogPublisher
from zope.interface import provider

from benchmarks.report import Figure, at_most, exactly, shown
from benchmarks.simulated_scenes import at_rest, chance
from fuzz.corpus import CORPUS
from fuzz.mutations import mutate
from swimtx.config import Config
from swimtx.membership.claim import State
from swimtx.simulation import Group

MEMBERS = 8
DATAGRAMS = 100_000
EACH_STEP = 20  # datagrams every 10 ms
STEP = 0.01
MAX_MEMBERS = 128
LISTED_FAILED_AT_MOST = 2.0  # seconds
_REMEMBERED = 64  # of the group's own datagrams
_ELSEWHERE = "10.66.6.6"


def measure() -> list[Figure]:
    """The effects on the members, and the reasons for which datagrams were dropped."""
    group = at_rest(MEMBERS, "mutations", config=Config.lan(max_members=MAX_MEMBERS))
    before = _dropped(group)
    logged: list[Any] = []

    @provider(ILogObserver)
    def observe(event: Any) -> None:
        if event.get("log_level") in (LogLevel.error, LogLevel.critical):
            logged.append(event)

    globalLogPublisher.addObserver(observe)
    try:
        longest, most = _send_mutations(group)
    finally:
        globalLogPublisher.removeObserver(observe)
    group.run_for(60)
    errors = sum(node.counters.handler_errors for node in group.nodes.values())
    what = f"after {DATAGRAMS} mutated datagrams at a group of {MEMBERS}"
    figures = [
        exactly("mutations", f"exceptions that escaped a handler, {what}", errors, 0),
        exactly("mutations", "failures that were logged", len(logged), 0),
        at_most(
            "mutations",
            "seconds that somebody real was listed failed or left, longest",
            longest,
            LISTED_FAILED_AT_MOST,
        ),
        at_most("mutations", "members held, most", most, MAX_MEMBERS, "d"),
        exactly(
            "mutations", "all real ones list each other afterwards", group.everybody_lists(), True
        ),
    ]
    dropped = {reason: count - before.get(reason, 0) for reason, count in _dropped(group).items()}
    for reason, count in sorted(dropped.items(), key=lambda item: -item[1]):
        figures.append(shown("mutations", f"dropped: {reason}", count))
    return figures


def _send_mutations(group: Group) -> tuple[float, int]:
    """Send the datagrams.

    @return: the longest time in seconds for which a real member was listed failed or left, and the
        most members in any list.
    """
    random = chance("mutations")
    own: deque[bytes] = deque(maxlen=_REMEMBERED)

    def note(when: float, source: tuple[str, int], there: tuple[str, int], data: bytes) -> None:
        if source[0] != _ELSEWHERE:
            own.append(data)

    group.network.trace = note
    names = group.running
    targets = [group.address(name) for name in names]
    gone_since: dict[tuple[str, str], float] = {}
    longest, most = 0.0, 0
    group.network.host(_ELSEWHERE)
    for _ in range(DATAGRAMS // EACH_STEP):
        valid = [*own]
        for _ in range(EACH_STEP):
            corpus = valid if valid and random.random() < 0.5 else CORPUS
            data = mutate(random, random.choice(corpus), corpus)
            port = random.randint(1024, 65535)
            group.network.send_datagram((_ELSEWHERE, port), random.choice(targets), data)
        group.run_for(STEP)
        for by in names:
            membership = group.table(by)
            most = max(most, len(membership))
            for name in names:
                claim = membership.claim(name)
                if claim is not None and claim.state in (State.FAILED, State.LEFT):
                    since = gone_since.setdefault((by, name), group.now)
                    longest = max(longest, group.now - since)
                else:
                    gone_since.pop((by, name), None)
    group.network.trace = None
    return longest, most


def _dropped(group: Group) -> dict[str, int]:
    """Datagrams that were not handled, by reason."""
    found: dict[str, int] = {"other cluster": 0, "refused, the list being full": 0}
    for node in group.nodes.values():
        for reason, count in node.counters.malformed.items():
            found[f"malformed {reason}"] = found.get(f"malformed {reason}", 0) + count
        found["other cluster"] += node.counters.other_cluster
        found["refused, the list being full"] += node._parts.membership.refused
    return found
