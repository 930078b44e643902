"""Before a member declares a FAIL it asks the suspect itself.

Three PINGs with the SUSPECT attached within one period; whoever lives refutes at once. Under loss
this is what keeps the living alive: an update may have missed the suspect, three PINGs do not.
"""

from __future__ import annotations

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from swimtx.config import Config
from swimtx.membership.claim import Claim, State
from swimtx.membership.events import Change, WatchOrder
from swimtx.membership.table import Membership
from swimtx.probing.probe import Probe
from swimtx.probing.schedule import ProbeSchedule
from swimtx.transport.messenger import Messenger

# Twisted runs late timers before it reads its sockets. A verdict therefore waits for another turn
# of the reactor, and after a pause of the process a refutation that lies in a buffer is read first.
_READ_FIRST = 0.05


class Verification:
    """Asks the suspects whose time has run out, and declares those who stay silent."""

    def __init__(
        self, clock: IReactorTime, membership: Membership, messenger: Messenger, config: Config
    ) -> None:
        self._clock = clock
        self._membership = membership
        self._messenger = messenger
        period = config.period
        self._schedule = ProbeSchedule((0.0, period / 3, 2 * period / 3), period / 3, None, period)
        self._asking: dict[str, Probe] = {}
        self._verdicts: dict[str, IDelayedCall] = {}
        membership.watch(self._changed, WatchOrder.VERIFICATION)

    def stop(self) -> None:
        """Declare nobody."""
        for name in [*self._asking, *self._verdicts]:
            self._drop(name)

    def due(self, claim: Claim) -> None:
        """That suspect has not refuted in time."""
        if claim.name not in self._asking and claim.name not in self._verdicts:
            self._asking[claim.name] = Probe(claim, self._messenger, self._schedule, self._asked)

    def _asked(self, asking: Probe) -> None:
        name = asking.target.name
        self._asking.pop(name, None)
        wait = _READ_FIRST if asking.route is None else self._schedule.end
        self._verdicts[name] = self._clock.callLater(wait, self._verdict, name, asking)

    def _verdict(self, name: str, asking: Probe) -> None:
        del self._verdicts[name]
        claim = self._membership.claim(name)
        if claim is None or claim.state is not State.SUSPECT:
            return
        if asking.route is not None:
            self.due(claim)  # it answers, and its refutation is still under way
        else:
            self._membership.apply(claim.failed(self._membership.me.name))

    def _changed(self, change: Change) -> None:
        claim, held = change.claim, change.held
        if claim.state is not State.SUSPECT or (held is not None and held.key != claim.key):
            self._drop(claim.name)

    def _drop(self, name: str) -> None:
        asking = self._asking.pop(name, None)
        if asking is not None:
            asking.stop()
        verdict = self._verdicts.pop(name, None)
        if verdict is not None and verdict.active():
            verdict.cancel()
