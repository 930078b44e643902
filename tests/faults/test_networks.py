"""Groups of real processes on networks that split, lose packets, or carry one transport only.

Each test names its scene and its script by C{@plays}. The scripts run side by side, since each of
them mostly waits.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.trial.unittest import SkipTest

from tests.faults.namespaces import lacking
from tests.faults.playing import SideBySideTestCase, plays
from tests.faults.scenes import Scene, Script


def six() -> Scene:
    """Six hosts, and a spare one."""
    reason = lacking()
    if reason is not None:
        raise SkipTest(reason)
    return Scene(6, spare=1)


def split(scene: Scene) -> Script:
    yield from scene.form()
    left, right = scene.first[:3], scene.first[3:]
    scene.network.split(scene.hosts_of(left), scene.hosts_of(right))
    yield from scene.pass_time(15)
    yield from scene.until_halves_list(left, right, "failed")
    assert all(scene.members.running[name].lists(left) for name in left)
    assert all(scene.members.running[name].lists(right) for name in right)
    scene.network.heal()
    yield from scene.until_listed(scene.first, "alive")


def lossy(scene: Scene) -> Script:
    yield from scene.form()
    scene.network.lose(20)
    yield from scene.pass_time(10)
    yield from scene.join(scene.spare[0])
    yield from scene.pass_time(20)
    scene.only_failed()
    yield from scene.kill("m3")
    scene.only_failed("m3")


def without(protocol: str) -> Callable[[Scene], Script]:

    def script(scene: Scene) -> Script:
        scene.network.block(protocol)
        yield from scene.form()
        yield from scene.pass_time(10)
        scene.only_failed()
        yield from scene.kill("m3")
        scene.only_failed("m3")

    return script


def link_down(scene: Scene) -> Script:
    yield from scene.form()
    scene.network.take_link_down(scene.hosts["m2"])
    alone = scene.members.running.pop("m2")
    try:
        yield from scene.until_listed(["m2"], "failed")
        scene.only_failed("m2")
    finally:
        alone.unfollow()


class NetworksTests(SideBySideTestCase):
    """The outcome that each script checks is in the name of its test."""

    @plays(six, split)
    def test_the_halves_of_a_healed_split_list_each_other_again(self) -> None:
        """Two halves of three hosts are split for 15 seconds."""

    @plays(six, lossy)
    def test_packet_loss_causes_no_failure_and_hides_none(self) -> None:
        """A fifth of all packets is lost for 30 seconds; one member joins, one is killed."""

    @plays(six, without("udp"))
    def test_a_group_works_with_streams_alone(self) -> None:
        """UDP is blocked on all hosts from the start; one member is killed."""

    @plays(six, without("tcp"))
    def test_a_group_works_with_datagrams_alone(self) -> None:
        """TCP is blocked on all hosts from the start; one member is killed."""

    @plays(six, link_down)
    def test_a_host_whose_link_is_down_is_declared_failed(self) -> None:
        """One host's link is down, and its processes run on."""
