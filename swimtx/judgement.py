"""What a round without an ACK means.

Two readings, of which the wiring picks one: ``Published`` is SWIM's, where silence is silence;
``Graded`` looks at what kind of failure it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from swimtx.config import Config
from swimtx.evidence import MAX_SILENT, count, gone_in_round
from swimtx.local_health import LocalHealth
from swimtx.member import Claim, Evidence, Kind
from swimtx.membership import Membership
from swimtx.probe_round import Round

_ALONE_AFTER = 4  # inconclusive rounds in a row, after which one is believed all the same
_DOUBTED_FOR = 3600.0  # seconds that a refusal by somebody who lives is remembered


class Judgement(Protocol):
    """A reading of rounds."""

    def early(self, probe: Round, held: Claim) -> Claim | None:
        """The verdict, if what was seen so far is enough; asked whenever something was seen."""

    def late(self, probe: Round, held: Claim) -> Claim | None:
        """The verdict at the end of a round that nobody answered; C{None}: none can be given."""

    def answered(self, probe: Round) -> None:
        """A round was answered."""


class Published:
    """SWIM as published: who does not answer is suspected (§3.1, §4.2)."""

    def __init__(self, membership: Membership) -> None:
        self._membership = membership

    def early(self, probe: Round, held: Claim) -> Claim | None:
        """Never."""
        return None

    def late(self, probe: Round, held: Claim) -> Claim | None:
        """A suspicion."""
        return held.suspected(self._membership.me.name, probe.evidence)

    def answered(self, probe: Round) -> None:
        """Nothing to learn."""


class Graded:
    """Evidence-graded: refusals by a host whose port is known to accept prove a process gone.

    @param now: gives the time in seconds.
    """

    def __init__(
        self,
        now: Callable[[], float],
        membership: Membership,
        health: LocalHealth,
        config: Config,
    ) -> None:
        self._now = now
        self._membership = membership
        self._health = health
        self._believed = config.refused_verdict
        self._quiet = 0.99 * config.first_stage / 3  # clocks round
        self._doubted: dict[str, float] = {}
        self._inconclusive = 0

    def early(self, probe: Round, held: Claim) -> Claim | None:
        """Gone, once enough witnesses were refused and the target has been quiet for a while."""
        if not probe.hinted and probe.elapsed < self._quiet:
            return None
        return self._gone(held, self._credible(probe.evidence, held))

    def late(self, probe: Round, held: Claim) -> Claim | None:
        """A suspicion with what the witnesses saw, unless it may be us who are cut off."""
        heard = len(probe.evidence) - 1
        asked = len(probe.relays)
        if 2 * heard < asked:
            self._health.worsen()
        if asked and not heard and probe.own is Kind.SILENT:
            self._inconclusive += 1
            if self._inconclusive < _ALONE_AFTER:
                return None
        else:
            self._inconclusive = 0
        seen = self._credible(probe.evidence, held)
        gone = self._gone(held, seen)
        if gone is not None:
            return gone
        return held.suspected(self._membership.me.name, self._within_limits(held, seen))

    def answered(self, probe: Round) -> None:
        """A refusal by one who answers all the same comes from something in between."""
        self._inconclusive = 0
        self._health.succeeded()
        if probe.tried_stream and count(probe.evidence, Kind.REFUSED):
            if len(self._doubted) >= 4096:
                self._doubted.clear()
            self._doubted[probe.target.name] = self._now() + _DOUBTED_FOR

    def credible(self, kind: Kind, held: Claim) -> Kind:
        """What an observation counts as: a refusal only if that port is known to accept."""
        if kind is not Kind.REFUSED:
            return kind
        doubted = self._doubted.get(held.name, 0.0) > self._now()
        return kind if held.streams and not doubted and self._believed else Kind.SILENT

    def _credible(self, seen: tuple[Evidence, ...], held: Claim) -> tuple[Evidence, ...]:
        return tuple(
            Evidence(witness, self.credible(kind, held), counter) for witness, kind, counter in seen
        )

    def _gone(self, held: Claim, seen: tuple[Evidence, ...]) -> Claim | None:
        if not gone_in_round(seen, self._membership.living):
            return None
        return held.failed(self._membership.me.name, seen)

    def _within_limits(self, held: Claim, seen: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
        """Ours always; of others' silence no more than a suspicion carries."""
        room = MAX_SILENT - count(held.evidence, Kind.SILENT)
        kept = []
        for entry in seen:
            if entry.kind is Kind.SILENT and entry.witness != self._membership.name:
                if room <= 0:
                    continue
                room -= 1
            kept.append(entry)
        return tuple(kept)
