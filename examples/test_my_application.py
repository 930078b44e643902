"""How to test an application that has a member in it: in virtual time, without a network.

::

    python -m twisted.trial examples/test_my_application.py

The application here is a primary and standbys: the living member with the lowest name is the
primary. Its reactor and its random numbers are parameters, so the tests can pass a reactor with a
simulated network and clock, and a random generator with a seed. Minutes take milliseconds, and each
run is like the one before.
"""

from __future__ import annotations

import random
from typing import Any

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.trial.unittest import SynchronousTestCase

from swimtx import Change, Config, Node
from swimtx.testing import MemoryReactorClock


class Application:
    """The application under test.

    @ivar takeovers: how often it became the primary.
    """

    def __init__(
        self, reactor: Any, name: str, interface: str, chance: random.Random | None = None
    ) -> None:
        config = Config.lan(name=name, interface=interface, insecure=True)
        self.node = Node(reactor, config, chance=chance)
        self.node.membership.subscribe(self._changed)
        self.takeovers = 0
        self._was_primary = False

    def start(self, *seeds: tuple[str, int]) -> Deferred[None]:
        """Start the member and join the seeds; without seeds it is the first of its group."""
        return ensureDeferred(self._start(*seeds))

    async def _start(self, *seeds: tuple[str, int]) -> None:
        await self.node.start()
        await self.node.join(seeds)
        self._update_role()

    @property
    def primary(self) -> bool:
        """Whether this member is the primary."""
        # A suspect belongs to the group until it is declared failed.
        living = [member for member in self.node.membership.members() if member.state.living]
        return living[0].name == self.node.name

    def _changed(self, change: Change) -> None:
        if self.node.running:
            self._update_role()

    def _update_role(self) -> None:
        self.takeovers += self.primary and not self._was_primary
        self._was_primary = self.primary


class TakeoverTests(SynchronousTestCase):
    """Two simulated hosts, a member on each."""

    def setUp(self) -> None:
        self.here = MemoryReactorClock(host="10.0.0.1")
        self.network = self.here.network
        self.there = MemoryReactorClock(self.network, host="10.0.0.2")
        self.anna = Application(self.here, "anna", "10.0.0.1", random.Random("anna"))
        self.bert = Application(self.there, "bert", "10.0.0.2", random.Random("bert"))
        self.successResultOf(self.anna.start())
        joined = self.bert.start(("10.0.0.1", 7946))
        self.here.advance(2)  # time passes for both
        self.successResultOf(joined)

    def test_the_lowest_name_is_the_primary(self) -> None:
        self.assertEqual((self.anna.primary, self.bert.primary), (True, False))

    def test_a_standby_takes_over_when_the_primary_is_killed(self) -> None:
        self.here.process.kill()
        self.there.advance(30)
        self.assertTrue(self.bert.primary)
        self.assertEqual(self.bert.takeovers, 1)

    def test_a_standby_takes_over_when_the_primary_leaves(self) -> None:
        left = self.anna.node.leave()
        self.here.advance(1)
        self.successResultOf(left)
        self.assertTrue(self.bert.primary)

    def test_a_primary_that_stalls_for_a_moment_stays_the_primary(self) -> None:
        self.here.process.stall()
        self.there.advance(0.5)
        self.here.process.resume()
        self.there.advance(30)
        self.assertEqual((self.anna.takeovers, self.bert.takeovers), (1, 0))

    def test_packet_loss_causes_no_takeover(self) -> None:
        self.network.lose(0.2)
        self.there.advance(600)
        self.assertEqual(self.bert.takeovers, 0)

    def tearDown(self) -> None:
        for application in (self.anna, self.bert):
            application.node.stop()
        self.here.advance(1)
        self.assertEqual(list(self.here.getDelayedCalls()), [])
