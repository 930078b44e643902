"""Observations of a member that did not answer a probe."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import NamedTuple

from swimtx.limits import MAX_EVIDENCE


class Observation(enum.IntEnum):
    """The observation of a witness whose probe was not answered: it hints at the failure's kind."""

    SILENT = 0  # nothing came back
    ACCEPTED = 1  # the host accepted a stream, but no answer came on it
    REFUSED = 2  # the host refused the stream: no process listens there any more
    BROKEN = 3  # as ACCEPTED, and a stream that had been open to it broke without a LEAVE


class Evidence(NamedTuple):
    """One first-hand observation.

    @ivar witness: the name of the member that observed it.
    @ivar kind: the observation.
    @ivar counter: how often the witness has changed its observation.
    """

    witness: str
    kind: Observation
    counter: int = 0


def merged_evidence(*several: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """The newest entry of each witness, sorted by witness; at most C{MAX_EVIDENCE} entries."""
    newest: dict[str, Evidence] = {}
    for entries in several:
        for entry in entries:
            held = newest.get(entry.witness)
            if held is None or (entry.counter, entry.kind) > (held.counter, held.kind):
                newest[entry.witness] = entry
    return tuple(newest[witness] for witness in sorted(newest)[:MAX_EVIDENCE])
