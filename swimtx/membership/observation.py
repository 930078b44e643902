"""What a witness saw of a member that did not answer."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import NamedTuple

from swimtx.limits import MAX_EVIDENCE


class Observation(enum.IntEnum):
    """What a witness saw of a member that did not answer: what kind of failure it looks like."""

    SILENT = 0  # nothing came back at all
    ACCEPTED = 1  # its host accepted a stream, and nobody answered on it
    REFUSED = 2  # its host refused the stream: nobody listens there any more
    BROKEN = 3  # as ACCEPTED, and a stream that had been open to it broke without a goodbye


class Evidence(NamedTuple):
    """One first-hand observation: who saw what, and how often that witness has changed its mind."""

    witness: str
    kind: Observation
    counter: int = 0


def merged_evidence(*several: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """The union of some evidence: of each witness its newest entry, sorted by witness."""
    newest: dict[str, Evidence] = {}
    for entries in several:
        for entry in entries:
            held = newest.get(entry.witness)
            if held is None or (entry.counter, entry.kind) > (held.counter, held.kind):
                newest[entry.witness] = entry
    return tuple(newest[witness] for witness in sorted(newest)[:MAX_EVIDENCE])
