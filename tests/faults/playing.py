"""Runs the scripts of all tests of a class side by side, each in a scene of its own.

A script mostly waits: for a group to form, for a failure to be detected, for time to pass. Run one
after the other, the scripts of a class would take the sum of these times; side by side they take
little more than the longest of them.
"""

from __future__ import annotations

import atexit
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from typing import Any, ClassVar

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.faults.scenes import Script, play

LOOKS_EVERY = 0.05  # seconds
MakeScene = Callable[[], Any]
"""Makes a scene, or raises SkipTest."""


def plays(
    make: MakeScene, script: Callable[[Any], Script]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Decorate a test of a L{SideBySideTestCase}: it runs C{script} in the scene of C{make()}.

    The method holds no code: its docstring says what happens in the script.
    """

    def decorate(method: Callable[..., None]) -> Callable[..., None]:
        @wraps(method)
        def test(case: SideBySideTestCase) -> None:
            case.wait_for_script()

        test.make, test.script = make, script  # type: ignore[attr-defined]
        return test

    return decorate


@dataclass(slots=True)
class Playing:
    """A running script, its scene, and the error that ended it, if any."""

    scene: Any
    steps: Iterator[None]
    over: bool = False
    error: BaseException | None = None

    def step(self) -> None:
        """Run the script until it has to wait again."""
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
        """End the script and remove its scene."""
        self.over = True
        self.scene.close()
        atexit.unregister(self.close)


class SideBySideTestCase(SynchronousTestCase):
    """A test case whose tests are decorated by L{plays}.

    The first test that runs starts the scripts of all tests that were loaded. Each test waits for
    its own script and meanwhile steps the others.
    """

    _loaded: ClassVar[dict[type, dict[str, None]]] = {}
    _playing: ClassVar[dict[str, Playing]] = {}

    def __init__(self, methodName: str = "runTest") -> None:  # noqa: N803
        super().__init__(methodName)
        if hasattr(getattr(self, methodName, None), "script"):
            self._loaded.setdefault(type(self), {})[methodName] = None

    def wait_for_script(self) -> None:
        """Run the script of this test to its end.

        @raise AssertionError: an expected outcome is missing.
        @raise SkipTest: the scene cannot be made on this machine.
        """
        mine = self._testMethodName
        for name in self._loaded.pop(type(self), {}):
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
        test: Any = getattr(self, name)
        scene = test.make()
        playing = Playing(scene, play(scene, test.script(scene)))
        atexit.register(playing.close)
        self._playing[name] = playing
