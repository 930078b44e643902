"""The interfaces of components with several implementations, or that a user may implement.

Each has a test case in C{tests/} that all implementations run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from zope.interface import Attribute, Interface

from swimtx.addresses import Address

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from swimtx.membership.claim import State
    from swimtx.membership.events import Change
    from swimtx.membership.member import Member

Received = Callable[[bytes, "IStream"], object]
"""Called with the bytes of one message, and the stream by which it was received."""

Found = tuple[Sequence[Address], dict[str, str]]
"""The addresses to ask; and by seed, the reason why it could not be looked up, as a sentence."""

# zope.interface methods are declared without self.
# ruff: noqa: N805, PLE0302


class IMembership(Interface):
    """The list of a group's members, as one member knows them."""

    name: str | None = Attribute("the local member's name; C{None} before the node has started")

    me: Member = Attribute(
        "the local member, as others list it; raises C{NotRunning} before the node has started"
    )

    living: int = Attribute(
        "the number of members that are alive or suspect, the local member included"
    )

    def __len__() -> int:
        """The number of members in any state, the local member included."""

    def __contains__(name: object) -> bool:
        """Whether a member of that name is in the list, in any state."""

    def members(state: State | None = None) -> tuple[Member, ...]:
        """All members, the local member included, as frozen C{Member}s, sorted by name.

        @param state: return members in this state only; C{None}: in any state.
        @raise TypeError: C{state} is no C{State}.
        """

    def get(name: str) -> Member | None:
        """The C{Member} of that name; C{None} if there is none."""

    def subscribe(listener: Callable[[Change], object]) -> Callable[[], None]:
        """Call C{listener(change)} for each change of the list, in the order of the changes.

        Changes that a listener causes are reported after this one has been reported to all
        listeners. A listener that raises an exception stays subscribed; the exception is logged.

        @return: a callable without parameters that ends the subscription.
        @raise TypeError: C{listener} is not callable.
        """


class IAdmission(Interface):
    """Decides from which addresses messages are read."""

    def admits(address: Address) -> bool:
        """Whether a datagram or stream from that address is read; called for each, so be quick."""


class IJournal(Interface):
    """Records the decisions of components, and their reasons, for later inspection."""

    def note(kind: str, about: str = "", **details: object) -> None:
        """Record a decision.

        @param kind: the kind of decision, in a word.
        @param about: the name of the member that it concerns.
        """


class IEnvelope(Interface):
    """Protects the bytes of messages in transit, for instance by encryption."""

    overhead: int = Attribute("the most bytes that L{seal} adds")

    def seal(data: bytes) -> bytes:
        """The bytes to send for the encoded message C{data}."""

    def open(data: bytes) -> bytes:
        """The encoded message of received bytes: the reverse of L{seal}.

        @raise swimtx.errors.Malformed: C{data} was not sealed by a member of this group.
        """


class IOutlet(Interface):
    """Sends messages."""

    def send(data: bytes) -> None:
        """Send the bytes of one message."""


class IStream(IOutlet):
    """One open stream to another member: messages in order, each in a frame.

    On a closed stream C{send} does nothing.
    """

    address: Address = Attribute("the C{Address} of the other end")

    accepted: bool = Attribute("whether the other end opened the stream")

    def on_close(callback: Callable[[], object] | None) -> None:
        """Call C{callback()} when either side has closed the stream; it replaces the last callback.

        @param callback: C{None}: call nothing.
        """

    def close() -> None:
        """Close the stream when all messages have been sent."""

    def give_up_after(seconds: float) -> None:
        """Close the stream when the other host has not acknowledged sent data for that long."""


class IStreams(Interface):
    """Opens and accepts streams (TCP, on the same port number as UDP)."""

    def listen(host: str, port: int, received: Received) -> None:
        """Accept streams on that address.

        @param received: C{received(data, stream)} is called with the bytes of each message.
        @raise twisted.internet.error.CannotListenError: the port is taken.
        """

    def connect(address: Address, timeout: float, received: Received) -> Deferred[IStream]:
        """Open a stream.

        @param timeout: seconds.
        @param received: C{received(data, stream)} is called with the bytes of each message.
        @return: a Deferred of an L{IStream}; fails with the error of the connection. Cancelling it
            aborts the connection.
        """

    def stop() -> Deferred[None]:
        """Close the port and all streams.

        @return: fires when they are closed.
        """


class ISeeds(Interface):
    """A source of addresses to ask when joining."""

    def find() -> Deferred[Found]:
        """Look the seeds up; called before each try to join.

        @return: a Deferred of C{(addresses, failures)}: a sequence of C{Address}, and a dict from
            each seed that could not be looked up to the reason, as a sentence. Cancelling it ends
            the look-up.
        """


class IUpdateSource(Interface):
    """A source of updates to piggyback on messages that are sent (SWIM §4.1)."""

    pending: bool = Attribute("whether there is an update to send; read for each message sent")

    def fill(room: int) -> bytes:
        """Framed updates of at most C{room} bytes together; each counts as sent once more.

        @return: bytes to append to a message.
        """
