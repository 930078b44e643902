"""Graded detection by real processes: the verdict on each kind of failure, and no false ones.

Each test names, by C{@plays(make, script)}, the scene that it needs and the script that it runs.
The scripts run side by side: each of them mostly waits, so together they take little more time than
the longest, where one after the other they would take minutes. The environment variable
C{SWIMTX_LONG} makes freezes and splits last longer.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from twisted.trial.unittest import SkipTest

from tests.faults import processes
from tests.faults.namespaces import lacking
from tests.faults.playing import SideBySideTestCase, plays
from tests.faults.processes import Loopback
from tests.faults.scenes import GENEROUS, Scene, Script, Until

LONGER = 4.0 if os.environ.get("SWIMTX_LONG") else 1.0


def five() -> Loopback:
    """Five members on loopback."""
    return Loopback(5)


def hosts(count: int) -> Callable[[], Scene]:
    """Makes a network of C{count} hosts."""

    def made() -> Scene:
        reason = lacking()
        if reason is not None:
            raise SkipTest(reason)
        return Scene(count)

    return made


def frozen(scene: Loopback) -> Script:
    yield from scene.form()
    yield from processes.freeze(scene, "m2", 5 * LONGER)
    yield from processes.freeze(scene, "m1", 3)


def forged(scene: Loopback) -> Script:
    yield from scene.form()
    yield from processes.forge(scene, "m3")
    yield from scene.pass_time(2)
    yield from processes.kill_and_restart(scene, "m5")


def killed(scene: Loopback) -> Script:
    yield from scene.form()
    yield from processes.freeze_and_kill(scene, "m2")
    yield from processes.kill(scene, "m4")


def replaced(scene: Loopback) -> Script:
    yield from scene.form()
    yield from processes.take_over_port(scene, "m5")


def cut_off(scene: Scene) -> Script:
    members = scene.members
    yield from scene.form()
    mark = len(members.reported)
    scene.network.take_link_down(scene.hosts["m6"])
    alone = members.running.pop("m6")
    try:
        yield from scene.until_listed(["m6"], "failed")
    finally:
        alone.unfollow()
    failed = members.changes_of("failed", mark)
    assert {change.name for change in failed} == {"m6"}, failed
    assert not any("refused" in change.why for change in failed), failed
    mark = len(members.reported)
    rest = ["m1", "m2", "m3", "m4"]
    scene.network.split(scene.hosts_of(["m5"]), scene.hosts_of(rest))
    yield from scene.pass_time(15 * LONGER)
    by = {change.by for change in members.changes_of("failed", mark) if change.name == "m5"}
    assert by == set(rest), f"m5 is failed for {sorted(by)} only"
    scene.network.heal()
    yield from scene.until_listed([*rest, "m5"], "alive")
    wrong = [
        change
        for change in members.changes_of("failed", mark)
        if change.by in rest and change.name in rest
    ]
    assert not wrong, f"failed on one's own side: {wrong}"


def refusing_firewalls(scene: Scene) -> Script:
    scene.network.refuse(scene.network.hosts)
    yield from scene.form()
    yield from scene.pass_time(8 * LONGER)
    scene.only_failed()
    scene.network.lose(20)
    yield from scene.pass_time(15 * LONGER)
    scene.only_failed()


def faulty_host(scene: Scene) -> Script:
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
        yield from scene.until_listed(scene.first, "alive")
    scene.only_failed()
    mark = len(members.reported)
    scene.network.drop([host], "meta l4proto { tcp, udp }")
    others = [name for name in scene.first if name != "m5"]

    def known() -> bool:
        declared = all(members.running[name].lists(["m5"], "failed") for name in others)
        return declared or any(change.by == "m5" for change in members.changes_of("isolated", mark))

    yield Until(known, GENEROUS, "m5 to be failed, or to report itself isolated")
    yield from scene.pass_time(3)
    wrong = [change for change in members.changes_of("failed", mark) if change.name != "m5"]
    assert not wrong, f"failed by a member that receives nothing: {wrong}"


class GradedTests(SideBySideTestCase):
    """The outcome that each script checks is in the name of its test."""

    timeout = 300

    @plays(five, frozen)
    def test_a_frozen_process_is_stalled_and_accuses_no_member_afterwards(self) -> None:
        """SIGSTOP for a while, of one member and then of another."""

    @plays(five, forged)
    def test_forged_evidence_is_refuted_and_a_restart_is_no_failure(self) -> None:
        """Forged evidence and a forged verdict; then a kill and a restart."""

    @plays(five, killed)
    def test_a_killed_process_is_failed_because_its_host_refuses(self) -> None:
        """SIGKILL of a frozen member, then of a running one."""

    @plays(five, replaced)
    def test_a_killed_member_is_failed_even_if_its_port_accepts_streams(self) -> None:
        """SIGKILL of a member, whose port another process takes over."""

    @plays(hosts(6), cut_off)
    def test_silent_hosts_are_failed_and_split_groups_heal(self) -> None:
        """One host's link is down; then one of the other five is split off."""

    @plays(hosts(5), refusing_firewalls)
    def test_firewalls_that_refuse_streams_cause_no_failure(self) -> None:
        """A firewall on each host refuses streams from the start; later it loses packets too."""

    @plays(hosts(5), faulty_host)
    def test_a_host_is_failed_only_when_both_transports_are_down(self) -> None:
        """One host refuses streams, then drops datagrams, then streams; at last it drops both."""
