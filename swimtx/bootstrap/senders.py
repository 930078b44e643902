"""Whom the well-known node hears from, and who has gone by what it hears."""

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
    """Whom the message is from, or about if it is a FAIL, reached at an address others can use.

    A member says its address itself; only for a wildcard the datagram's source stands in. Of a
    peer of the original schema the source is believed, and its run begins when it is first heard.

    @param now: seconds since 1970.
    @raise Malformed: there is no such address, or the epoch lies too far ahead.
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
    """Drop whoever failed or left by this message's updates or, if it has none, by its header.

    @return: how many.
    """
    dropped = sum(recent.depart(claim) for claim in message.updates)
    if message.type in DEPARTING and not message.updates:
        held = recent.get(message.name)
        if held and held.address == sender.address and held.epoch <= sender.epoch:
            dropped += recent.depart(held.departed())
    return dropped


def _reached(host: str, port: int) -> Address:
    """The address that goes with a datagram's source.

    @raise Malformed: the source is link-local, which nobody else could use, or has no port.
    """
    try:
        address = Address(normal_host(host), port)
    except ValueError as error:
        raise Malformed("address", str(error)) from None
    if not port:
        raise Malformed("address", "port 0")
    return address
