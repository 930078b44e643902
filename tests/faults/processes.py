"""What happens to processes whose network is well: killed, frozen, restarted, slandered.

Scripts to be played in a L{Scene}, or on loopback, where no root is needed.
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
from swimtx.wire.messages import Message, MessageType
from tests.faults.members import Heard, Members, Running
from tests.faults.scenes import GENEROUS, Scene, Script, Until

LASTING = 2.0  # seconds after which a wrong suspicion should be over
SLACK = 3.0  # more of them for a machine that is busy
_SURELY_TOLD = 5.0  # a shorter freeze may be over before everybody knows
_LONGEST_FREEZE = 25.0  # that is forgiven in any case


class Loopback(Scene):
    """As a L{Scene}, on loopback: there is no network to break."""

    def __init__(self, members: int, options: Sequence[str] = ()) -> None:
        self._options = tuple(options)
        self.members = Members()
        self.first = [f"m{number}" for number in range(1, members + 1)]

    def close(self) -> None:
        """End the processes."""
        self.members.close()

    def start(self, name: str, port: int = 0) -> Running:
        """Start the member of that name; any other is its seed."""
        other = next((one for one in self.members.running.values() if one.port), None)
        join = () if other is None else ("--join", f"127.0.0.1:{other.port}")
        return self.members.start(name, "--port", str(port), *join, *self._options)

    def form(self) -> Script:
        """The first, then all the others at once, until everybody lists everybody."""
        self.start(self.first[0])
        yield Until(self.members.listening, GENEROUS, "the first to listen")
        for name in self.first[1:]:
            self.start(name)
        yield Until(self.members.listening, GENEROUS, "all to listen")
        self.members.follow()
        yield Until(self.members.agree, GENEROUS, "all to list all")
        # Tripwires are laid when the group has been quiet for a moment.
        yield from self.pass_time(4)


def freeze(scene: Scene, name: str, seconds: float) -> Script:
    """SIGSTOP and, so much later, SIGCONT: it is called stalled, and nobody failed."""
    members, mark = scene.members, len(scene.members.heard)
    members.running[name].process.send(signal.SIGSTOP)
    yield from scene.pass_time(seconds)
    others = set(members.running) - {name}

    def told() -> bool:
        said = {heard.by for heard in members.told("stalled", mark) if heard.name == name}
        return said == others

    if seconds >= _SURELY_TOLD:
        yield Until(told, _LONGEST_FREEZE - seconds, f"all to tell that {name} is stalled")
    thawed = time.time()
    members.running[name].process.send(signal.SIGCONT)
    yield Until(members.agree, GENEROUS, f"{name} to be alive for all, and all for {name}")
    yield from scene.pass_time(LASTING)
    failed = members.told("failed", mark)
    assert not failed, f"failed while {name} was frozen for {seconds:g} s: {failed}"
    wrong = [s for s in suspicions(members, mark) if s.name != name or s.at > thawed]
    lasting = [suspicion for suspicion in wrong if suspicion.lasted > LASTING + SLACK]
    assert not lasting, f"suspected all the same, and for long: {lasting}"


def kill(scene: Scene, name: str) -> Script:
    """SIGKILL: its host refuses, and that is why it is failed."""
    mark = len(scene.members.heard)
    killed = scene.members.end(name)
    yield from scene.until_held([name], "failed")
    failed = scene.members.told("failed", mark)
    assert {heard.name for heard in failed} == {name}, failed
    assert all("refused" in heard.why for heard in failed), failed
    took = max(heard.at for heard in failed) - killed
    assert took < 5 + SLACK, f"the last one heard after {took:.1f} s: {failed}"


def kill_and_restart(scene: Loopback, name: str) -> Script:
    """SIGKILL, and the same member at once on the same port: its new run is nobody's suspect."""
    members, mark = scene.members, len(scene.members.heard)
    port = members.running[name].port
    members.end(name)
    scene.start(name, port)
    yield Until(members.listening, GENEROUS, f"{name} to listen")
    members.follow()
    others = set(members.running) - {name}

    def joined() -> bool:
        return others <= {heard.by for heard in members.told("joined", mark) if heard.name == name}

    yield Until(joined, GENEROUS, f"the new {name} to have joined")
    yield Until(members.agree, GENEROUS, f"{name} to be alive")
    yield from scene.pass_time(5)
    since: dict[str, float] = {}
    for heard in members.told("joined", mark):
        if heard.name == name:
            since.setdefault(heard.by, heard.at)
    wrong = [
        heard
        for heard in members.told("failed", mark)
        if heard.name != name or heard.at > since.get(heard.by, heard.at)
    ]
    assert not wrong, f"failed in its new run: {wrong}"


def freeze_and_kill(scene: Scene, name: str) -> Script:
    """SIGSTOP, and after four seconds SIGKILL: from stalled to failed at once."""
    mark = len(scene.members.heard)
    scene.members.running[name].process.send(signal.SIGSTOP)
    yield from scene.pass_time(4)
    assert not scene.members.told("failed", mark), "failed before it was killed"
    killed = scene.members.end(name)
    yield from scene.until_held([name], "failed")
    failed = scene.members.told("failed", mark)
    assert {heard.name for heard in failed} == {name}, failed
    took = max(heard.at for heard in failed) - killed
    assert took < 5 + SLACK, f"the last one heard after {took:.1f} s: {failed}"


def accept_for_the_dead(scene: Loopback, name: str) -> Script:
    """Something else accepts on the port of a killed member: its tripwires tell all the same."""
    mark, port = len(scene.members.heard), scene.members.running[name].port
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as accepter:
        accepter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # The others are held still for that moment, so that none of them finds a closed port.
        others = [one for one in scene.members.running.values() if one.name != name]
        for other in others:
            other.process.send(signal.SIGSTOP)
        try:
            killed = scene.members.end(name)
            while True:
                try:
                    accepter.bind(("127.0.0.1", port))
                    break
                except OSError:
                    if time.time() > killed + 5:
                        raise
            accepter.listen(1024)
        finally:
            for other in others:
                other.process.send(signal.SIGCONT)
        yield from scene.until_held([name], "failed")
    failed = scene.members.told("failed", mark)
    assert {heard.name for heard in failed} == {name}, failed
    assert not any("refused" in heard.why for heard in failed), failed
    took = max(heard.at for heard in failed) - killed
    assert took < 20, f"so the tripwires were not listened to: after {took:.1f} s, {failed}"


def forge(scene: Scene, name: str) -> Script:
    """Forged evidence convinces nobody, and a forged verdict is refuted."""
    members, mark = scene.members, len(scene.members.heard)
    by, one, other = [each for each in members.running if each != name][:3]
    refused = [Evidence(one, Observation.REFUSED), Evidence(other, Observation.REFUSED)]
    _inject(members, by, _record(members, name).suspected(one, refused))
    yield Until(
        lambda: members.told("suspected", mark), GENEROUS, "the forged suspicion to be heard"
    )
    yield Until(members.agree, GENEROUS, f"{name} to be alive for all")
    yield from scene.pass_time(LASTING)
    scene_failed = members.told("failed", mark)
    assert not scene_failed, f"failed on forged evidence: {scene_failed}"
    _inject(members, by, _record(members, name).failed(one, refused))
    yield Until(lambda: members.told("failed", mark), GENEROUS, "the forged verdict to be heard")
    yield Until(members.agree, GENEROUS, f"{name} to be alive for all again")


def suspicions(members: Members, mark: int) -> list[Suspicion]:
    """Each suspicion since then, and how long it lasted."""
    members.look()
    begun: dict[tuple[str, str], Heard] = {}
    found = []
    for heard in members.heard[mark:]:
        key = (heard.by, heard.name)
        if heard.event == "suspected":
            begun[key] = heard
        elif heard.event != "stalled" and key in begun:
            found.append(Suspicion(begun.pop(key), heard.at))
    now = time.time()
    return found + [Suspicion(heard, now) for heard in begun.values()]


class Suspicion:
    """Who suspected whom, from when on and for how many seconds."""

    def __init__(self, heard: Heard, ended: float) -> None:
        self.by, self.name, self.at, self.why = heard.by, heard.name, heard.at, heard.why
        self.lasted = ended - heard.at

    def __repr__(self) -> str:
        return f"<{self.by} suspected {self.name} for {self.lasted:.1f} s: {self.why}>"


def _record(members: Members, name: str) -> Claim:
    """What is true of that member, as it says."""
    said = next(one for one in members.running[name].ask("members") if one["name"] == name)
    address = Address(said["address"], said["port"])
    return Claim(name, address, said["epoch"], said["incarnation"], streams=True)


def _inject(members: Members, by: str, claim: Claim) -> None:
    """To all but the one it is about, as if that member had said so."""
    liar = _record(members, by)
    message = Message.of(
        MessageType.GOSSIP,
        by,
        liar.address,
        liar.incarnation,
        liar.epoch,
        cluster="default",
        updates=(claim,),
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        for name in members.running:
            if name not in (by, claim.name):
                address = _record(members, name).address
                datagrams.sendto(encode(message), (address.host, address.port))
