"""Groups of real processes on networks that split, lose packets, or carry one transport only.

All scenes that were asked for are played side by side, since each waits most of the time.
"""

from __future__ import annotations

import atexit
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.faults.namespaces import lacking
from tests.faults.scenes import Scene, Script, play

LOOKS_EVERY = 0.05  # seconds


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


@dataclass(slots=True)
class Playing:
    """A scene under way, and how it ended."""

    scene: Scene
    steps: Iterator[None]
    over: bool = False
    error: BaseException | None = None

    def step(self) -> None:
        """Look once whether it can go on."""
        if self.over:
            return
        try:
            next(self.steps)
        except StopIteration:
            self.close()
        except BaseException as error:
            self.error = error
            self.close()
            if not isinstance(error, Exception):
                raise

    def close(self) -> None:
        """Leave nothing behind."""
        self.over = True
        self.scene.close()
        atexit.unregister(self.close)


class NetworksTests(SynchronousTestCase):
    """Each test waits for its own scene, and meanwhile moves the others on."""

    _wanted: ClassVar[dict[str, None]] = {}
    _playing: ClassVar[dict[str, Playing]] = {}
    _scripts: ClassVar[dict[str, Callable[[Scene], Script]]] = {
        "test_halves_that_were_split_find_together_again": a_split_heals,
        "test_loss_makes_nobody_fail_and_hides_no_failure": loss_fails_nobody,
        "test_a_group_lives_with_streams_alone": without("udp"),
        "test_a_group_lives_with_datagrams_alone": without("tcp"),
        "test_a_host_whose_link_is_down_is_found_failed": a_lost_link_is_seen,
    }

    def __init__(self, methodName: str = "runTest") -> None:  # noqa: N803
        super().__init__(methodName)
        if methodName in self._scripts:
            self._wanted[methodName] = None

    def setUp(self) -> None:
        reason = lacking()
        if reason is not None:
            raise SkipTest(reason)

    def test_halves_that_were_split_find_together_again(self) -> None:
        self._watch()

    def test_loss_makes_nobody_fail_and_hides_no_failure(self) -> None:
        self._watch()

    def test_a_group_lives_with_streams_alone(self) -> None:
        self._watch()

    def test_a_group_lives_with_datagrams_alone(self) -> None:
        self._watch()

    def test_a_host_whose_link_is_down_is_found_failed(self) -> None:
        self._watch()

    def _watch(self) -> None:
        mine = self._testMethodName
        for name in self._wanted:
            if name not in self._playing:
                self._begin(name)
        self._wanted.clear()
        if mine not in self._playing:
            self._begin(mine)
        playing = self._playing.pop(mine)
        self.addCleanup(playing.close)
        while not playing.over:
            playing.step()
            for other in self._playing.values():
                other.step()
            time.sleep(LOOKS_EVERY)
        if playing.error is not None:
            raise playing.error

    def _begin(self, name: str) -> Playing:
        scene = Scene(6, spare=1)
        playing = Playing(scene, play(scene, self._scripts[name](scene)))
        atexit.register(playing.close)
        self._playing[name] = playing
        return playing
