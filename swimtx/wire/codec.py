"""Messages to bytes and back: the names that other packages use of L{swimtx.wire.encoding} and
L{swimtx.wire.decoding}."""

from swimtx.wire.decoding import DIGEST_PARTS, MAX_LISTED, Codec
from swimtx.wire.encoding import (
    MAX_UPDATE_BYTES,
    check_cluster,
    encode,
    encode_update,
    fields,
    framed,
    header,
    listed_entry,
    sequence_field,
    target_fields,
)
from swimtx.wire.validation import MAX_AHEAD

__all__ = [
    "DIGEST_PARTS",
    "MAX_AHEAD",
    "MAX_LISTED",
    "MAX_UPDATE_BYTES",
    "Codec",
    "check_cluster",
    "encode",
    "encode_update",
    "fields",
    "framed",
    "header",
    "listed_entry",
    "sequence_field",
    "target_fields",
]
