"""The sender of a message to the bootstrap node, and the members that a message says are gone."""

from __future__ import annotations

from dataclasses import replace

from swimtx.addresses import Address, is_wildcard, normal_host
from swimtx.bootstrap.registry import Registry
from swimtx.errors import Malformed
from swimtx.membership.claim import Claim, State
from swimtx.wire.codec import MAX_AHEAD
from swimtx.wire.messages import Message, MessageType

DEPARTING = (MessageType.FAIL, MessageType.LEAVE)


def sender_of(message: Message, source: tuple[str, int], now: float, recent: Registry) -> Claim:
    """The claim of a message's sender, or of a FAIL's subject, with an address that others can use.

    The message of a member gives its address; the datagram's source replaces only a wildcard. For a
    peer of the original schema the source counts, and its epoch is the time of its first message.

    @param source: the C{(host, port)} that the datagram came from.
    @param now: seconds since 1970.
    @raise Malformed: there is no usable address, or the epoch is more than a day ahead.
    """
    name, address = message.name, message.address
    if not message.version:
        if message.type is not MessageType.FAIL:
            address = _reached(source[0], address.port or source[1])
        held = recent.get(name)
        known = held is not None and held.address == address
        epoch = held.epoch if held is not None and known else int(now * 1000)
        return Claim(name, address, epoch, message.incarnation, legacy=True)
    first = message.updates[0] if message.updates else None
    if first is not None and first.name == name and first.state is State.ALIVE:
        claim = first
    elif message.epoch > (now + MAX_AHEAD) * 1000:
        raise Malformed("future", f"epoch {message.epoch} is more than a day ahead of our clock")
    else:
        claim = Claim(name, address, message.epoch, message.incarnation)
    if is_wildcard(claim.address.host):
        claim = replace(claim, address=_reached(source[0], claim.address.port))
    return claim


def drop_departed(message: Message, sender: Claim, recent: Registry) -> int:
    """Drop the members that failed or left by a message's updates or, without updates, its header.

    @return: the number of dropped members.
    """
    dropped = sum(recent.depart(claim) for claim in message.updates)
    if message.type in DEPARTING and not message.updates:
        held = recent.get(message.name)
        if held and held.address == sender.address and held.epoch <= sender.epoch:
            dropped += recent.depart(held.departed())
    return dropped


def _reached(host: str, port: int) -> Address:
    """The address of a datagram's source.

    @raise Malformed: the source is link-local, which no other member can use, or has no port.
    """
    try:
        address = Address(normal_host(host), port)
    except ValueError as error:
        raise Malformed("address", str(error)) from None
    if not port:
        raise Malformed("address", "port 0")
    return address
