"""Graded detection by real processes: what each kind of failure is called, and what is none.

All groups live side by side, since each of them waits most of the time. C{SWIMTX_LONG} in the
environment makes freezes and splits last longer.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import ClassVar

from twisted.trial.unittest import SkipTest

from tests.faults import processes
from tests.faults.namespaces import lacking
from tests.faults.playing import Play, SideBySide
from tests.faults.processes import Loopback
from tests.faults.scenes import GENEROUS, Scene, Script, Until

LONGER = 4.0 if os.environ.get("SWIMTX_LONG") else 1.0


def five() -> Loopback:
    """Five members on loopback."""
    return Loopback(5)


def hosts(count: int) -> Callable[[], Scene]:
    """A network of so many hosts."""

    def made() -> Scene:
        reason = lacking()
        if reason is not None:
            raise SkipTest(reason)
        return Scene(count)

    return made


def frozen(scene: Loopback) -> Script:
    """SIGSTOP for a while, twice: seen by others, and by itself afterwards."""
    yield from scene.form()
    yield from processes.freeze(scene, "m2", 5 * LONGER)
    yield from processes.freeze(scene, "m1", 3)


def slandered(scene: Loopback) -> Script:
    """Forged evidence, forged verdicts; then a restart."""
    yield from scene.form()
    yield from processes.forge(scene, "m3")
    yield from scene.pass_time(2)
    yield from processes.kill_and_restart(scene, "m5")


def killed(scene: Loopback) -> Script:
    """SIGKILL of one that is frozen, then of one that is well."""
    yield from scene.form()
    yield from processes.freeze_and_kill(scene, "m2")
    yield from processes.kill(scene, "m4")


def replaced(scene: Loopback) -> Script:
    """Killed, and its port taken over."""
    yield from scene.form()
    yield from processes.accept_for_the_dead(scene, "m5")


def cut_off(scene: Scene) -> Script:
    """A link is down, then one of five is parted from the others."""
    members = scene.members
    yield from scene.form()
    mark = len(members.heard)
    scene.network.pull_cable(scene.hosts["m6"])
    alone = members.running.pop("m6")
    try:
        yield from scene.until_held(["m6"], "failed")
    finally:
        alone.let_go()
    failed = members.told("failed", mark)
    assert {heard.name for heard in failed} == {"m6"}, failed
    assert not any("refused" in heard.why for heard in failed), failed
    mark = len(members.heard)
    rest = ["m1", "m2", "m3", "m4"]
    scene.network.split(scene.hosts_of(["m5"]), scene.hosts_of(rest))
    yield from scene.pass_time(15 * LONGER)
    said = {heard.by for heard in members.told("failed", mark) if heard.name == "m5"}
    assert said == set(rest), f"m5 is failed for {sorted(said)} only"
    scene.network.heal()
    yield from scene.until_held([*rest, "m5"], "alive")
    wrong = [h for h in members.told("failed", mark) if h.by in rest and h.name in rest]
    assert not wrong, f"failed on one's own side: {wrong}"


def refusing_firewalls(scene: Scene) -> Script:
    """A firewall on each host refuses streams, from the start; then packets are lost as well."""
    scene.network.refuse(scene.network.hosts)
    yield from scene.form()
    yield from scene.pass_time(8 * LONGER)
    scene.only_failed()
    scene.network.lose(20)
    yield from scene.pass_time(15 * LONGER)
    scene.only_failed()


def half_deaf(scene: Scene) -> Script:
    """One host refuses streams, loses datagrams, loses streams: it lives. Then it loses all."""
    members, host = scene.members, scene.hosts["m5"]
    yield from scene.form()
    yield from scene.pass_time(3)
    faults: tuple[Callable[[], None], ...] = (
        lambda: scene.network.refuse([host]),
        lambda: scene.network.drop([host], "meta l4proto udp"),
        lambda: scene.network.drop([host], "meta l4proto tcp"),
    )
    for fault in faults:
        fault()
        yield from scene.pass_time(8 * LONGER)
        scene.only_failed()
        scene.network.heal()
        yield from scene.until_held(scene.first, "alive")
    scene.only_failed()
    mark = len(members.heard)
    scene.network.drop([host], "meta l4proto { tcp, udp }")
    others = [name for name in scene.first if name != "m5"]

    def known() -> bool:
        declared = all(members.running[name].lists(["m5"], "failed") for name in others)
        return declared or any(heard.by == "m5" for heard in members.told("isolated", mark))

    yield Until(known, GENEROUS, "m5 to be failed, or to know that it is deaf")
    yield from scene.pass_time(3)
    wrong = [heard for heard in members.told("failed", mark) if heard.name != "m5"]
    assert not wrong, f"failed by one who hears nothing: {wrong}"


class GradedTests(SideBySide):
    """Each test waits for its own group, and meanwhile moves the others on."""

    timeout = 300
    plays: ClassVar[dict[str, Play]] = {
        "test_a_frozen_process_is_stalled_and_accuses_nobody_afterwards": (five, frozen),
        "test_forged_evidence_convinces_nobody_and_a_restart_is_no_failure": (five, slandered),
        "test_a_killed_process_is_failed_because_its_host_refuses": (five, killed),
        "test_a_port_that_accepts_for_the_dead_helps_them_little": (five, replaced),
        "test_silent_hosts_are_failed_and_split_groups_heal": (hosts(6), cut_off),
        "test_firewalls_that_refuse_streams_fail_nobody": (hosts(5), refusing_firewalls),
        "test_one_way_and_one_transport_faults_of_one_host": (hosts(5), half_deaf),
    }

    def test_a_frozen_process_is_stalled_and_accuses_nobody_afterwards(self) -> None:
        self.watch()

    def test_forged_evidence_convinces_nobody_and_a_restart_is_no_failure(self) -> None:
        self.watch()

    def test_a_killed_process_is_failed_because_its_host_refuses(self) -> None:
        self.watch()

    def test_a_port_that_accepts_for_the_dead_helps_them_little(self) -> None:
        self.watch()

    def test_silent_hosts_are_failed_and_split_groups_heal(self) -> None:
        self.watch()

    def test_firewalls_that_refuse_streams_fail_nobody(self) -> None:
        self.watch()

    def test_one_way_and_one_transport_faults_of_one_host(self) -> None:
        self.watch()
