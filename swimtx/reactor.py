"""What a member needs of a reactor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from twisted.internet.interfaces import IReactorTCP, IReactorTime, IReactorUDP

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall
    from zope.interface import Interface


class Reactor(Protocol):
    """Any of Twisted's reactors, or C{swimtx.testing.MemoryReactorClock}.

    It also provides C{IReactorUDP} and C{IReactorTCP}, and, if seeds are given by name,
    C{IReactorPluggableNameResolver}: that is checked when a node is made, since Twisted does not
    tell type checkers which of them its reactor has.
    """

    def seconds(self) -> float:
        """Seconds since 1970."""

    def callLater(
        self, delay: float, callable: Callable[..., object], *args: object, **kw: object
    ) -> IDelayedCall:
        """Call in C{delay} seconds."""

    def getDelayedCalls(self) -> Sequence[IDelayedCall]:
        """What is still to be called."""


def check_reactor(reactor: object, *interfaces: type[Interface]) -> None:
    """Check that a reactor provides these interfaces; by default, what a member needs.

    @raise TypeError: it does not; the text says which interface it lacks.
    """
    for needed in interfaces or (IReactorTime, IReactorUDP, IReactorTCP):
        if not needed.providedBy(reactor):
            raise TypeError(f"{reactor!r} is no reactor: it does not provide {needed.__name__}")
