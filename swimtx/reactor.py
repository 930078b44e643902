"""What a member needs of a reactor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from twisted.internet.interfaces import IReactorTCP, IReactorTime, IReactorUDP

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall


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


def check_reactor(reactor: object) -> None:
    """Check that a member can run on that reactor.

    @raise TypeError: it cannot; the text says which interface the reactor lacks.
    """
    for needed in (IReactorTime, IReactorUDP, IReactorTCP):
        if not needed.providedBy(reactor):
            raise TypeError(f"{reactor!r} is no reactor: it does not provide {needed.__name__}")
