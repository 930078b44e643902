"""The check of a reactor when a member is made."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTCP, IReactorTime, IReactorUDP
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import directlyProvides

from swimtx.reactor import check_reactor
from swimtx.simulation import VirtualClock
from tests.parts import Scene


class Anything:
    """An object that can be said to provide interfaces."""


class CheckReactorTests(SynchronousTestCase):
    def test_the_reactors_of_twisted_and_of_the_simulation_are_accepted(self) -> None:
        from twisted.internet import reactor

        check_reactor(reactor)
        check_reactor(Scene().network.host("10.0.0.1"))

    def test_an_object_that_is_no_reactor_is_refused(self) -> None:
        for given in (None, object(), "reactor", 7):
            error = self.assertRaises(TypeError, check_reactor, given)
            self.assertIn(repr(given), str(error))

    def test_the_error_names_the_interface_that_the_reactor_lacks(self) -> None:
        needed = (IReactorTime, IReactorUDP, IReactorTCP)
        for lacking in needed:
            reactor = Anything()
            directlyProvides(reactor, *(each for each in needed if each is not lacking))
            error = self.assertRaises(TypeError, check_reactor, reactor)
            self.assertIn(f"does not provide {lacking.__name__}", str(error))

    def test_a_clock_is_sufficient_if_only_time_is_needed(self) -> None:
        for clock in (Clock(), VirtualClock()):
            check_reactor(clock, IReactorTime)
            self.assertRaises(TypeError, check_reactor, clock)
            self.assertRaises(TypeError, check_reactor, clock, IReactorTime, IReactorUDP)
