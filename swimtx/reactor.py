"""The interfaces of a reactor that a member uses, and the check for them."""

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
    C{IReactorPluggableNameResolver}. They are checked at run time, when a node is created, as
    Twisted's type of its reactor does not declare them.
    """

    def seconds(self) -> float:
        """The current time, in seconds since 1970."""

    def callLater(
        self, delay: float, callable: Callable[..., object], *args: object, **kw: object
    ) -> IDelayedCall:
        """Call C{callable} in C{delay} seconds."""

    def getDelayedCalls(self) -> Sequence[IDelayedCall]:
        """The pending calls."""


def check_reactor(reactor: object, *interfaces: type[Interface]) -> None:
    """Check that a reactor provides the given interfaces; by default, those that a member uses.

    @raise TypeError: C{reactor} lacks an interface, which the text names.
    """
    for needed in interfaces or (IReactorTime, IReactorUDP, IReactorTCP):
        if not needed.providedBy(reactor):
            raise TypeError(f"{reactor!r} is no reactor: it does not provide {needed.__name__}")
