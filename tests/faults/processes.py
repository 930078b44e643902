"""Scripts of faults of processes on a sound network: killed, frozen, restarted, falsely accused.

They run in a L{Scene}, or on loopback, which needs no root.
"""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Sequence

from swimtx.addresses import Address
from swimtx.membership.claim import Claim
from swimtx.membership.observation import Evidence, Observation
from swimtx.wire.codec import encode
from swimtx.wire.messages import MessageType
from tests.faults.members import Members, ReportedChange, Running
from tests.faults.scenes import GENEROUS, Scene, Script, Until
from tests.messages import message_of

LASTING = 2.0  # seconds; a wrong suspicion should be refuted sooner
SLACK = 3.0  # more seconds for a busy machine
_SURELY_REPORTED = 5.0  # seconds; a shorter freeze may end before all members know
_LONGEST_FREEZE = 25.0  # seconds; a freeze that is never declared a failure


class Loopback(Scene):
    """A L{Scene} on loopback, without faults of the network."""

    def __init__(self, members: int, options: Sequence[str] = ()) -> None:
        self._options = tuple(options)
        self.members = Members()
        self.first = [f"m{number}" for number in range(1, members + 1)]

    def close(self) -> None:
        """End the processes."""
        self.members.close()

    def start(self, name: str, port: int = 0) -> Running:
        """Start a member; any other one is its seed."""
        other = next((one for one in self.members.running.values() if one.port), None)
        join = () if other is None else ("--join", f"127.0.0.1:{other.port}")
        return self.members.start(name, "--port", str(port), *join, *self._options)

    def form(self) -> Script:
        """Start the first member, then all others at once; wait until all list all."""
        self.start(self.first[0])
        yield Until(self.members.listening, GENEROUS, "the first to listen")
        for name in self.first[1:]:
            self.start(name)
        yield Until(self.members.listening, GENEROUS, "all to listen")
        self.members.follow()
        yield Until(self.members.agree, GENEROUS, "all to list all")
        # Tripwires are opened when the group has been at rest for a moment.
        yield from self.pass_time(4)


def freeze(scene: Scene, name: str, seconds: float) -> Script:
    """SIGSTOP, and SIGCONT after C{seconds}: the member is stalled, and no member is failed."""
    members, mark = scene.members, len(scene.members.reported)
    members.running[name].process.send(signal.SIGSTOP)
    yield from scene.pass_time(seconds)
    others = set(members.running) - {name}

    def reported() -> bool:
        by = {change.by for change in members.changes_of("stalled", mark) if change.name == name}
        return by == others

    if seconds >= _SURELY_REPORTED:
        yield Until(reported, _LONGEST_FREEZE - seconds, f"all to report that {name} is stalled")
    thawed = time.time()
    members.running[name].process.send(signal.SIGCONT)
    yield Until(members.agree, GENEROUS, f"{name} to be alive for all, and all for {name}")
    yield from scene.pass_time(LASTING)
    failed = members.changes_of("failed", mark)
    assert not failed, f"failed while {name} was frozen for {seconds:g} s: {failed}"
    wrong = [s for s in suspicions(members, mark) if s.name != name or s.at > thawed]
    lasting = [suspicion for suspicion in wrong if suspicion.lasted > LASTING + SLACK]
    assert not lasting, f"suspected all the same, and for long: {lasting}"


def kill(scene: Scene, name: str) -> Script:
    """SIGKILL: the member is failed because its host refuses streams."""
    mark = len(scene.members.reported)
    killed = scene.members.end(name)
    yield from scene.until_listed([name], "failed")
    failed = scene.members.changes_of("failed", mark)
    assert {change.name for change in failed} == {name}, failed
    assert all("refused" in change.why for change in failed), failed
    took = max(change.at for change in failed) - killed
    assert took < 5 + SLACK, f"the last member knew after {took:.1f} s: {failed}"


def kill_and_restart(scene: Loopback, name: str) -> Script:
    """SIGKILL, and at once a restart on the same port: the new run is not declared failed."""
    members, mark = scene.members, len(scene.members.reported)
    port = members.running[name].port
    members.end(name)
    scene.start(name, port)
    yield Until(members.listening, GENEROUS, f"{name} to listen")
    members.follow()
    others = set(members.running) - {name}

    def joined() -> bool:
        return others <= {
            change.by for change in members.changes_of("joined", mark) if change.name == name
        }

    yield Until(joined, GENEROUS, f"the new {name} to have joined")
    yield Until(members.agree, GENEROUS, f"{name} to be alive")
    yield from scene.pass_time(5)
    since: dict[str, float] = {}
    for change in members.changes_of("joined", mark):
        if change.name == name:
            since.setdefault(change.by, change.at)
    wrong = [
        change
        for change in members.changes_of("failed", mark)
        if change.name != name or change.at > since.get(change.by, change.at)
    ]
    assert not wrong, f"failed in its new run: {wrong}"


def freeze_and_kill(scene: Scene, name: str) -> Script:
    """SIGSTOP, and SIGKILL after four seconds: the stalled member is failed soon."""
    mark = len(scene.members.reported)
    scene.members.running[name].process.send(signal.SIGSTOP)
    yield from scene.pass_time(4)
    assert not scene.members.changes_of("failed", mark), "failed before it was killed"
    killed = scene.members.end(name)
    yield from scene.until_listed([name], "failed")
    failed = scene.members.changes_of("failed", mark)
    assert {change.name for change in failed} == {name}, failed
    took = max(change.at for change in failed) - killed
    assert took < 5 + SLACK, f"the last member knew after {took:.1f} s: {failed}"


def take_over_port(scene: Loopback, name: str) -> Script:
    """Another process accepts on the port of a killed member: tripwires detect it all the same."""
    mark, port = len(scene.members.reported), scene.members.running[name].port
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # The others are stopped meanwhile, so that none of them connects to a closed port.
        others = [one for one in scene.members.running.values() if one.name != name]
        for other in others:
            other.process.send(signal.SIGSTOP)
        try:
            killed = scene.members.end(name)
            while True:
                try:
                    listener.bind(("127.0.0.1", port))
                    break
                except OSError:
                    if time.time() > killed + 5:
                        raise
            listener.listen(1024)
        finally:
            for other in others:
                other.process.send(signal.SIGCONT)
        yield from scene.until_listed([name], "failed")
    failed = scene.members.changes_of("failed", mark)
    assert {change.name for change in failed} == {name}, failed
    assert not any("refused" in change.why for change in failed), failed
    took = max(change.at for change in failed) - killed
    assert took < 20, f"the tripwires had no effect: failed after {took:.1f} s, {failed}"


def forge(scene: Scene, name: str) -> Script:
    """Forged evidence causes no failure, and a forged verdict is refuted."""
    members, mark = scene.members, len(scene.members.reported)
    by, one, other = [each for each in members.running if each != name][:3]
    refused = [Evidence(one, Observation.REFUSED), Evidence(other, Observation.REFUSED)]
    _inject(members, by, _record(members, name).suspected(one, refused))
    yield Until(
        lambda: members.changes_of("suspected", mark),
        GENEROUS,
        "the forged suspicion to be reported",
    )
    yield Until(members.agree, GENEROUS, f"{name} to be alive for all")
    yield from scene.pass_time(LASTING)
    failed = members.changes_of("failed", mark)
    assert not failed, f"failed on forged evidence: {failed}"
    _inject(members, by, _record(members, name).failed(one, refused))
    yield Until(
        lambda: members.changes_of("failed", mark), GENEROUS, "the forged verdict to be reported"
    )
    yield Until(members.agree, GENEROUS, f"{name} to be alive for all again")


def suspicions(members: Members, mark: int) -> list[Suspicion]:
    """The suspicions reported from index C{mark} on, and how long each lasted."""
    members.look()
    begun: dict[tuple[str, str], ReportedChange] = {}
    found = []
    for change in members.reported[mark:]:
        key = (change.by, change.name)
        if change.event == "suspected":
            begun[key] = change
        elif change.event != "stalled" and key in begun:
            found.append(Suspicion(begun.pop(key), change.at))
    now = time.time()
    return found + [Suspicion(change, now) for change in begun.values()]


class Suspicion:
    """A suspicion: C{by} suspected C{name} at a time, for C{lasted} seconds."""

    def __init__(self, change: ReportedChange, ended: float) -> None:
        self.by, self.name, self.at, self.why = change.by, change.name, change.at, change.why
        self.lasted = ended - change.at

    def __repr__(self) -> str:
        return f"<{self.by} suspected {self.name} for {self.lasted:.1f} s: {self.why}>"


def _record(members: Members, name: str) -> Claim:
    """The current claim of a member about itself."""
    record = next(one for one in members.running[name].ask("members") if one["name"] == name)
    address = Address(record["address"], record["port"])
    return Claim(name, address, record["epoch"], record["incarnation"], streams=True)


def _inject(members: Members, by: str, claim: Claim) -> None:
    """Send a claim to all members but the one it is about, as GOSSIP of the member C{by}."""
    sender = _record(members, by)
    message = message_of(
        MessageType.GOSSIP,
        by,
        sender.address,
        sender.incarnation,
        sender.epoch,
        cluster="default",
        updates=(claim,),
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        for name in members.running:
            if name not in (by, claim.name):
                address = _record(members, name).address
                datagrams.sendto(encode(message), (address.host, address.port))
