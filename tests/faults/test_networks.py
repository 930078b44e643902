"""Groups of real processes on networks that split, lose packets, or carry one transport only.

All scenes that were asked for are played side by side, since each waits most of the time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from twisted.trial.unittest import SkipTest

from tests.faults.namespaces import lacking
from tests.faults.playing import Play, SideBySide
from tests.faults.scenes import Scene, Script


def six() -> Scene:
    """Six hosts, and one for later."""
    reason = lacking()
    if reason is not None:
        raise SkipTest(reason)
    return Scene(6, spare=1)


def a_split_heals(scene: Scene) -> Script:
    """Two halves of three hear nothing of each other for 15 seconds."""
    yield from scene.form()
    left, right = scene.first[:3], scene.first[3:]
    scene.network.split(scene.hosts_of(left), scene.hosts_of(right))
    yield from scene.pass_time(15)
    yield from scene.until_halves_hold(left, right, "failed")
    assert all(scene.members.running[name].lists(left) for name in left)
    assert all(scene.members.running[name].lists(right) for name in right)
    scene.network.heal()
    yield from scene.until_held(scene.first, "alive")


def loss_fails_nobody(scene: Scene) -> Script:
    """A fifth of all packets is lost, for 30 seconds and more."""
    yield from scene.form()
    scene.network.lose(20)
    yield from scene.pass_time(10)
    yield from scene.join(scene.spare[0])
    yield from scene.pass_time(20)
    scene.only_failed()
    yield from scene.kill("m3")
    scene.only_failed("m3")


def without(protocol: str) -> Callable[[Scene], Script]:
    """That protocol is blocked everywhere from the start."""

    def script(scene: Scene) -> Script:
        scene.network.block(protocol)
        yield from scene.form()
        yield from scene.pass_time(10)
        scene.only_failed()
        yield from scene.kill("m3")
        scene.only_failed("m3")

    return script


def a_lost_link_is_seen(scene: Scene) -> Script:
    """One host hears and says nothing any more, and its processes live on."""
    yield from scene.form()
    scene.network.pull_cable(scene.hosts["m2"])
    alone = scene.members.running.pop("m2")
    try:
        yield from scene.until_held(["m2"], "failed")
        scene.only_failed("m2")
    finally:
        alone.let_go()


class NetworksTests(SideBySide):
    """Each test waits for its own scene, and meanwhile moves the others on."""

    plays: ClassVar[dict[str, Play]] = {
        "test_halves_that_were_split_find_together_again": (six, a_split_heals),
        "test_loss_makes_nobody_fail_and_hides_no_failure": (six, loss_fails_nobody),
        "test_a_group_lives_with_streams_alone": (six, without("udp")),
        "test_a_group_lives_with_datagrams_alone": (six, without("tcp")),
        "test_a_host_whose_link_is_down_is_found_failed": (six, a_lost_link_is_seen),
    }

    def test_halves_that_were_split_find_together_again(self) -> None:
        self.watch()

    def test_loss_makes_nobody_fail_and_hides_no_failure(self) -> None:
        self.watch()

    def test_a_group_lives_with_streams_alone(self) -> None:
        self.watch()

    def test_a_group_lives_with_datagrams_alone(self) -> None:
        self.watch()

    def test_a_host_whose_link_is_down_is_found_failed(self) -> None:
        self.watch()
