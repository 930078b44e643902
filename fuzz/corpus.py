"""The valid datagrams that are mutated: all types and fields, of small and of the largest size."""

from __future__ import annotations

from swimtx.addresses import Address
from swimtx.limits import MAX_INCARNATION, MAX_NAME_BYTES, MAX_TAGS
from swimtx.membership.claim import Claim, State
from swimtx.membership.observation import Evidence, Observation
from swimtx.wire.codec import DIGEST_PARTS, encode, fields
from swimtx.wire.messages import Contact, MessageType
from tests.messages import message_of

NOW = 1_790_000_000.0
"""The time of the decoder's clock, in seconds since 1970."""
EPOCH = int(NOW * 1000)

HERE = Address("127.0.0.1", 7946)
THERE = Address("2001:db8::1", 65535)

CLAIMS = (
    Claim("n1", HERE, EPOCH),
    Claim("n1", HERE, EPOCH, 1, tags=(("role", "web"), ("zone", "ñ"))),
    Claim(
        "n2",
        THERE,
        EPOCH,
        3,
        State.SUSPECT,
        evidence=(Evidence("n1", Observation.SILENT),),
        by="n1",
    ),
    Claim(
        "n2",
        THERE,
        EPOCH,
        3,
        State.FAILED,
        evidence=(Evidence("n1", Observation.REFUSED, 2), Evidence("n3", Observation.BROKEN, 300)),
        by="n3",
        age=61.0,
    ),
    Claim("n3", HERE, EPOCH - 5, 0, State.LEFT, by="n3", age=3599.0),
    Claim("old", HERE, EPOCH, legacy=True),
    Claim(
        "x" * MAX_NAME_BYTES,
        THERE,
        EPOCH + 24 * 3600 * 1000,
        MAX_INCARNATION,
        State.FAILED,
        tags=tuple((f"k{number:02}", "v" * 13) for number in range(MAX_TAGS)),
        evidence=tuple(Evidence(f"w{number}", Observation.ACCEPTED) for number in range(8)),
        by="y" * MAX_NAME_BYTES,
        age=86399.0,
    ),
)
LISTED = (Contact("n1", HERE), Contact("n2", THERE, MAX_INCARNATION, EPOCH))
DIGEST = tuple(part * 0x0102030405060708 % 2**64 for part in range(DIGEST_PARTS))


def _encoded(kind: MessageType, name: str = "n1", epoch: int = EPOCH, **more: object) -> bytes:
    return encode(message_of(kind, name, HERE, 7, epoch, cluster="default", **more))  # type: ignore[arg-type]


SEVEN_FIELDS: tuple[bytes, ...] = tuple(
    fields(node_id="old", addr="127.0.0.1", port=4000, heart_beat=2, type=kind, **more)
    for kind, more in (
        (MessageType.PING, {}),
        (MessageType.JOIN_REQ, {}),
        (MessageType.PING_REQ, {"dest_addr": "127.0.0.1", "dest_port": 7946}),
        (MessageType.ACK, {}),
        (MessageType.FAIL, {}),
    )
)
"""Messages of peers with the original schema, which has seven fields."""

CORPUS: tuple[bytes, ...] = (
    *(_encoded(kind, sequence=9) for kind in MessageType),
    _encoded(MessageType.PING, target="n2", target_epoch=EPOCH, target_incarnation=3),
    _encoded(MessageType.PING, sequence=2**32 - 1, updates=CLAIMS[:3]),
    _encoded(MessageType.ACK, sequence=1, updates=CLAIMS[3:6]),
    _encoded(MessageType.PING_REQ, target="n2", destination=THERE, budget=0.36, sequence=5),
    _encoded(MessageType.NACK, observed=Observation.BROKEN, sequence=5),
    _encoded(MessageType.JOIN_REQ, updates=CLAIMS[:1]) + fields(padding=bytes(1000)),
    _encoded(MessageType.JOIN_RES, listed=LISTED, bootstrap=True),
    _encoded(MessageType.GOSSIP, updates=CLAIMS),
    _encoded(MessageType.DIGEST, digest=DIGEST),
    _encoded(MessageType.TABLE, page=0, pages=2, updates=CLAIMS[:6]),
    _encoded(MessageType.TABLE, page=1, pages=2, digest=DIGEST, wanted=2**63 + 1),
    _encoded(MessageType.FAIL, name="n2"),
    _encoded(MessageType.LEAVE, updates=CLAIMS[4:5]),
    *SEVEN_FIELDS,
)
"""All datagrams, in a fixed order."""
