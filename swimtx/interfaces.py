"""The seams: where there is a second implementation, or a user may put one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from zope.interface import Attribute, Interface

from swimtx.addresses import Address

if TYPE_CHECKING:
    from swimtx.membership.claim import State
    from swimtx.membership.member import Member

Received = Callable[[bytes, Any], object]

# zope.interface methods are declared without self.
# ruff: noqa: N805


class IMembership(Interface):
    """The member list as agents, status pages and users see it."""

    name = Attribute("our own name, or C{None} before the node has started")

    def members(state: State | None = None) -> tuple[Member, ...]:
        """Everybody remembered, oneself included, as a tuple of frozen C{Member}s by name.

        @param state: a C{State}; only those are given.
        """

    def get(name: str) -> Member | None:
        """The C{Member} of that name, or C{None}."""

    def subscribe(listener: Callable[[Any], object]) -> Callable[[], None]:
        """Call C{listener(change)} for each change, in the order in which they are made.

        A listener may cause more changes; they are heard after this one, by all.
        One that raises is logged and keeps its place.

        @return: a callable that ends the subscription.
        """


class IEnvelope(Interface):
    """What goes around the bytes of a message: nothing, or encryption."""

    overhead = Attribute("bytes that L{seal} adds at the most")

    def seal(data: bytes) -> bytes:
        """The bytes to send for these bytes."""

    def open(data: bytes) -> bytes:
        """The bytes that were sealed.

        @raise swimtx.errors.Malformed: they are not ours to read.
        """


class IStream(Interface):
    """One open stream to another member: messages in order, each in a frame."""

    address = Attribute("the C{Address} at the other end")

    def send(data: bytes) -> None:
        """Send one message's bytes. On a closed stream: nothing."""

    closed = Attribute("called without arguments when it has closed, by whichever side; settable")

    def close() -> None:
        """Close it once what was sent is out."""

    def give_up_after(seconds: float) -> None:
        """Close it when what was sent stays unconfirmed by the other host for so long."""


class IStreams(Interface):
    """Opens and accepts streams (TCP, on the same port number as UDP)."""

    def listen(host: str, port: int, received: Received) -> None:
        """Accept streams; C{received(data, stream)} gets the bytes of each message.

        @raise twisted.internet.error.CannotListenError: the port is taken.
        """

    def connect(address: Address, timeout: float, received: Received) -> Any:
        """Open a stream.

        @param timeout: seconds.
        @return: a Deferred of an L{IStream}; fails with what the connection failed with.
        """

    def stop() -> Any:
        """Close everything. A Deferred that fires when it is done."""


class ISeeds(Interface):
    """A source of addresses to ask when joining."""

    def find() -> Any:
        """Look the seeds up, afresh each time.

        @return: a Deferred of C{(addresses, failures)}: a list of C{Address}, and a dict of
            seed to what went wrong in looking it up.
        """


class IUpdateSource(Interface):
    """A source of updates to piggyback on whatever is sent."""

    pending = Attribute("whether there is any news to tell: cheap, asked for every datagram")

    def fill(room: int) -> bytes:
        """Framed updates of at most C{room} bytes together, each counted as told once more.

        @return: bytes, to be appended to a message.
        """
