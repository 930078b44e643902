"""Scenes played side by side by the tests of one class, since each scene waits most of the time."""

from __future__ import annotations

import atexit
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.faults.scenes import Script, play

LOOKS_EVERY = 0.05  # seconds
Play = tuple[Callable[[], Any], Callable[[Any], Script]]
"""What makes a scene, or raises SkipTest, and the script to play in it."""


@dataclass(slots=True)
class Playing:
    """A scene under way, and how it ended."""

    scene: Any
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


class SideBySide(SynchronousTestCase):
    """Each test calls C{watch()}: it waits for its own scene, and meanwhile moves the others on.

    @ivar plays: by the name of the test.
    """

    plays: ClassVar[dict[str, Play]] = {}
    _wanted: ClassVar[dict[type, dict[str, None]]] = {}
    _playing: ClassVar[dict[str, Playing]] = {}

    def __init__(self, methodName: str = "runTest") -> None:  # noqa: N803
        super().__init__(methodName)
        if methodName in self.plays:
            self._wanted.setdefault(type(self), {})[methodName] = None

    def watch(self) -> None:
        """Until the scene of this test is over.

        @raise AssertionError: something in it did not come about.
        """
        mine = self._testMethodName
        for name in self._wanted.pop(type(self), {}):
            with suppress(SkipTest):
                self._begin(name)
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

    def _begin(self, name: str) -> None:
        if name in self._playing:
            return
        make, script = self.plays[name]
        scene = make()
        playing = Playing(scene, play(scene, script(scene)))
        atexit.register(playing.close)
        self._playing[name] = playing
