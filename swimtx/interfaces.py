"""The seams: where there is a second implementation, or a user may supply one.

Each has a test case in C{tests/} that every implementation runs.
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
    from swimtx.node import Node

Received = Callable[[bytes, "IStream"], object]
"""Gets the bytes of one message, and the stream that it came by."""

Found = tuple[Sequence[Address], dict[str, str]]
"""Addresses to ask, and for each seed that could not be looked up a sentence why."""

# zope.interface methods are declared without self.
# ruff: noqa: N805, PLE0302


class IMembership(Interface):
    """The member list as agents, status pages and users see it."""

    name: str | None = Attribute("our own name, or C{None} before the node has started")

    me: Member = Attribute(
        "ourselves, as others list us; raises C{NotRunning} before the node has started"
    )

    living: int = Attribute("how many members are alive or suspect, oneself included")

    def __len__() -> int:
        """How many members are remembered, in any state, oneself included."""

    def __contains__(name: object) -> bool:
        """Whether a member of that name is remembered."""

    def members(state: State | None = None) -> tuple[Member, ...]:
        """Every member remembered, oneself included, as a tuple of frozen C{Member}s by name.

        @param state: only members in this state are given.
        """

    def get(name: str) -> Member | None:
        """The C{Member} of that name, or C{None}."""

    def subscribe(listener: Callable[[Change], object]) -> Callable[[], None]:
        """Call C{listener(change)} for each change, in the order in which they are made.

        A listener may cause more changes; all listeners hear those after this one.
        One that raises is logged and stays subscribed.

        @return: a callable that ends the subscription.
        @raise TypeError: C{listener} cannot be called.
        """


class IMemberService(Interface):
    """The service of one member, as a control port commands it."""

    node: Node = Attribute("the C{Node}")

    joined: bool = Attribute("whether it is part of a group now")

    def join(seeds: Sequence[str | tuple[str, int]]) -> Deferred[IMembership]:
        """Ask these seeds, once.

        @return: a Deferred of the membership; fails with C{JoinFailed}, C{NotRunning} or
            C{ValueError}.
        """

    def leave() -> Deferred[None]:
        """Leave the group, and go on running.

        @return: fires when the others know; fails with C{NotRunning}.
        """


class IAdmission(Interface):
    """Decides which addresses may speak to this member at all."""

    def admits(address: Address) -> bool:
        """Whether a datagram or a stream from that address is read. Asked for each, so be quick."""


class IJournal(Interface):
    """Takes note of what a component did and why, for people who ask later."""

    def note(kind: str, about: str = "", **details: object) -> None:
        """Note that something of this kind happened about that member."""


class IEnvelope(Interface):
    """What goes around the bytes of a message: nothing, or encryption."""

    overhead: int = Attribute("bytes that L{seal} adds at the most")

    def seal(data: bytes) -> bytes:
        """The bytes to send for these bytes."""

    def open(data: bytes) -> bytes:
        """The bytes that were sealed.

        @raise swimtx.errors.Malformed: they are not sealed by a member of this group.
        """


class IOutlet(Interface):
    """Takes messages to be sent."""

    def send(data: bytes) -> None:
        """Send one message's bytes."""


class IStream(IOutlet):
    """One open stream to another member: messages in order, each in a frame.

    On a closed stream C{send} does nothing.
    """

    address: Address = Attribute("the C{Address} at the other end")

    accepted: bool = Attribute("whether the other end opened it")

    def on_close(callback: Callable[[], object] | None) -> None:
        """Call C{callback()} when it has closed, by whichever side, instead of the one before.

        @param callback: C{None}: call nothing.
        """

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

    def connect(address: Address, timeout: float, received: Received) -> Deferred[IStream]:
        """Open a stream.

        @param timeout: seconds.
        @return: a Deferred of an L{IStream}; fails with what the connection failed with. Cancelling
            it gives the connection up.
        """

    def stop() -> Deferred[None]:
        """Close everything.

        @return: fires when it is done.
        """


class ISeeds(Interface):
    """A source of addresses to ask when joining."""

    def find() -> Deferred[Found]:
        """Look the seeds up, afresh each time.

        @return: a Deferred of C{(addresses, failures)}: a list of C{Address}, and a dict of
            seed to what went wrong in looking it up. Cancelling it gives the look-up up.
        """


class IUpdateSource(Interface):
    """A source of updates to piggyback on messages that are sent (SWIM §4.1)."""

    pending: bool = Attribute("whether there is any update to tell; asked for every message sent")

    def fill(room: int) -> bytes:
        """Framed updates of at most C{room} bytes together, each counted as told once more.

        @return: bytes, to be appended to a message.
        """
