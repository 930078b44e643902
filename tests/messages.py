"""Messages made of single fields."""

from __future__ import annotations

from typing import Any

from swimtx.addresses import Address
from swimtx.wire.messages import VERSION, Details, Header, Message, MessageType, Target


def message_of(
    type: MessageType,
    name: str,
    address: Address,
    incarnation: int = 0,
    epoch: int = 0,
    version: int = VERSION,
    cluster: str = "",
    **fields: Any,
) -> Message:
    """A message with these fields; those of C{Target} and C{Details} by their names."""
    target = Target(
        fields.pop("target", ""),
        fields.pop("target_epoch", 0),
        fields.pop("target_incarnation", 0),
    )
    header = Header(type, name, address, incarnation, epoch, version, cluster)
    shared = {name: fields.pop(name) for name in ("sequence", "updates") if name in fields}
    return Message(header, **shared, aim=target, details=Details(**fields))
