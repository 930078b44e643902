"""How long a suspect may take to refute (SWIM §4.2).

A suspicion that runs out is not yet a verdict: it is due, and whoever watches asks the suspect.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from swimtx.config import Config
from swimtx.membership.claim import Claim, State
from swimtx.membership.events import Change, WatchOrder
from swimtx.membership.table import Membership

BYSTANDER_PERIODS = 2  # that those who did not see it themselves wait longer


class Suspicion:
    """A timer for each suspect, started and stopped by the member list.

    @param due: called as C{due(claim)} when a suspect has not refuted in time.
    """

    def __init__(
        self,
        clock: IReactorTime,
        membership: Membership,
        config: Config,
        due: Callable[[Claim], object],
    ) -> None:
        self._clock = clock
        self._membership = membership
        self._config = config
        self._due = due
        self._timers: dict[str, IDelayedCall] = {}
        membership.watch(self._changed, WatchOrder.SUSPICION)

    def stop(self) -> None:
        """Suspect nobody any more."""
        for name in list(self._timers):
            self._cancel(name)

    def timeout(self, claim: Claim) -> float:
        """Seconds that this suspect has."""
        seconds = self._config.suspicion_timeout(self._membership.living)
        if all(entry.witness != self._membership.name for entry in claim.evidence):
            seconds += BYSTANDER_PERIODS * self._config.period
        return seconds

    def _changed(self, change: Change) -> None:
        claim, held = change.claim, change.held
        suspected = claim.state is State.SUSPECT and claim.name != self._membership.name
        if suspected and held is not None and held.key == claim.key:
            return  # only the evidence grew
        self._cancel(claim.name)
        if suspected and self._membership.me.state is not State.LEFT:
            self._timers[claim.name] = self._clock.callLater(
                self.timeout(claim), self._ran_out, claim.name
            )

    def _ran_out(self, name: str) -> None:
        del self._timers[name]
        claim = self._membership.claim(name)
        if claim is not None and claim.state is State.SUSPECT:
            self._due(claim)

    def _cancel(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None and timer.active():
            timer.cancel()
