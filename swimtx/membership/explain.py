"""Explains the state of a member, in a sentence for people."""

from __future__ import annotations

from swimtx.membership.claim import Claim, State
from swimtx.membership.observation import Observation

_SEEN = {
    Observation.SILENT: "no answer to {who}",
    Observation.ACCEPTED: "its host accepted a stream from {who}, but it did not answer",
    Observation.REFUSED: "its host refused a stream from {who}: the process is gone",
    Observation.BROKEN: "the stream it held to {who} broke, and it did not answer",
}


def explain(claim: Claim) -> str:
    """The observations of the claim and their witnesses, in a sentence for people."""
    if claim.state is State.LEFT:
        return "it said goodbye"
    if claim.state is State.ALIVE:
        return f"{claim.by or claim.name} said so"
    seen = [
        _SEEN[kind].format(who=", ".join(e.witness for e in claim.evidence if e.kind is kind))
        for kind in Observation
        if any(entry.kind is kind for entry in claim.evidence)
    ]
    said = f"{claim.by} said so" if claim.by else ""
    return "; ".join(seen + ([said] if said and not seen else [])) or "nobody said why"
