"""Groups on faulty networks made of namespaces: split in two, lossy, or with one transport only.

These are longer forms of the scripts of C{tests.faults}. Needs root, ip and nft.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from benchmarks.report import CannotMeasure, Figure, at_most, exactly, shown
from tests.faults.members import Members, ReportedChange
from tests.faults.namespaces import lacking
from tests.faults.scenes import Scene, Script, play

HEALED_WITHIN = 30.0  # seconds
_LOOKS_EVERY = 0.05


def split(hosts: int = 16, seconds: float = 60.0) -> list[Figure]:
    """Split a group into halves, then heal the network."""
    with _scene(hosts) as scene:
        left, right = scene.first[: hosts // 2], scene.first[hosts // 2 :]
        _run(scene, scene.form())
        began = time.time()
        scene.network.split(scene.hosts_of(left), scene.hosts_of(right))
        _run(scene, scene.pass_time(seconds))
        lost = all(
            scene.members.running[name].lists(others, "failed")
            for own, others in ((left, right), (right, left))
            for name in own
        )
        inside = _wrong(scene.members, [], lambda by, name: (by in left) == (name in left))
        apart = [change.at - began for change in scene.members.changes_of("failed")]
        mended = time.time()
        scene.network.heal()
        _run(scene, scene.until_listed(scene.first, "alive"))
        healed = (
            max(change.at for change in scene.members.changes_of("recovered") if change.at > began)
            - mended
        )
    return [
        exactly("split", f"after {seconds:g} s both halves hold each other failed", lost, True),
        shown("split", "the other half failed: first to last, s", _span(apart)),
        exactly("split", "held failed on one's own side", len(inside), 0),
        at_most("split", "healed: all list all, s", healed, HEALED_WITHIN),
    ]


def loss(hosts: int = 16, seconds: float = 300.0, percent: int = 20) -> list[Figure]:
    """Join members and kill one under lasting random packet loss."""
    with _scene(hosts, spare=2) as scene:
        members = scene.members
        _run(scene, scene.form())
        scene.network.lose(percent)
        began = time.time()
        joined = []
        for name in scene.spare:
            _run(scene, scene.pass_time(seconds / 5))
            _run(scene, scene.join(name))
            ready = members.running[name].ready or 0.0
            known = max(m.list[name].since for m in members.running.values())
            knows = max(listed.since for listed in members.running[name].list.values())
            joined.append(max(known, knows) - ready)
        _run(scene, scene.pass_time(seconds / 5))
        killed = time.time()
        _run(scene, scene.kill("m3"))
        found = [
            change.at - killed for change in members.changes_of("failed") if change.name == "m3"
        ]
        _run(scene, scene.pass_time(max(0.0, seconds - (time.time() - began))))
        wrong = _wrong(members, ["m3"])
        suspected = len(members.changes_of("suspected"))
    return [
        exactly("loss", f"{percent} % for {seconds:g} s: alive, and held failed", len(wrong), 0),
        shown("loss", "suspicions heard of, all members together", suspected),
        shown("loss", "joins: all know it and it knows all, s", _span(joined)),
        shown("loss", "kill -9: first to last survivor, s", _span(found)),
    ]


def one_transport(hosts: int = 8) -> list[Figure]:
    """A group with UDP blocked from the start, then one with TCP blocked."""
    return [*_without("udp", hosts), *_without("tcp", hosts)]


def _without(protocol: str, hosts: int) -> list[Figure]:
    with _scene(hosts) as scene:
        members = scene.members
        scene.network.block(protocol)
        _run(scene, scene.form())
        began = max(member.ready or 0.0 for member in members.running.values())
        formed = max(x.since for m in members.running.values() for x in m.list.values()) - began
        _run(scene, scene.pass_time(20))
        killed = time.time()
        _run(scene, scene.kill("m3"))
        found = [
            change.at - killed for change in members.changes_of("failed") if change.name == "m3"
        ]
        wrong = _wrong(members, ["m3"])
    name = protocol.upper()
    return [
        shown("one-transport", f"{name} blocked: all list all, s", f"{max(0.0, formed):.2f}"),
        shown("one-transport", f"{name} blocked: kill -9, first to last, s", _span(found)),
        exactly("one-transport", f"{name} blocked: alive, and held failed", len(wrong), 0),
    ]


@contextmanager
def _scene(hosts: int, spare: int = 0) -> Iterator[Scene]:
    reason = lacking()
    if reason is not None:
        raise CannotMeasure(reason)
    scene = Scene(hosts, spare)
    try:
        yield scene
    finally:
        scene.close()


def _run(scene: Scene, script: Script) -> None:
    for _ in play(scene, script):
        scene.members.look()
        time.sleep(_LOOKS_EVERY)


def _wrong(
    members: Members,
    killed: list[str],
    counts: Callable[[str, str], bool] = lambda by, name: True,
) -> list[ReportedChange]:
    """The reported failures of members that were not killed."""
    return [
        change
        for change in members.changes_of("failed")
        if change.name not in killed and counts(change.by, change.name)
    ]


def _span(times: list[float]) -> str:
    ordered = sorted(times)
    middle = ordered[len(ordered) // 2]
    return f"{ordered[0]:.2f} to {ordered[-1]:.2f}, median {middle:.2f}"
