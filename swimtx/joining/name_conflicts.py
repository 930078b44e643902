"""Two processes under one name: settled by proof, not by who speaks louder.

A later run at another address is taken up only if the run that we know does not answer any more.
If it does, both sides hear of a conflict, and nobody exits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from swimtx.addresses import Address
from swimtx.config import Config
from swimtx.membership.claim import Claim
from swimtx.membership.events import Event, RecordChange, WatchOrder
from swimtx.membership.table import Membership
from swimtx.probing.probe import Probe
from swimtx.probing.schedule import ProbeSchedule
from swimtx.transport.messenger import Messenger
from swimtx.transport.route import Route
from swimtx.wire.codec import encode_update, framed
from swimtx.wire.messages import MessageType

_SETTLED_FOR = 60.0  # seconds in which a claim that was proven wrong is not looked at again
_MAX_SETTLED = 1024

Disputed = tuple[str, Address, int]


class NameConflicts:
    """Puts disputed claims to the proof.

    @param now: gives the time in seconds.
    @param relays: C{relays(target, hinted)}: the members that are asked to probe the target too:
        one that only we cannot reach is not gone.
    """

    def __init__(
        self,
        now: Callable[[], float],
        membership: Membership,
        messenger: Messenger,
        config: Config,
        relays: Callable[[Claim, bool], Sequence[Claim]],
    ) -> None:
        self._now = now
        self._membership = membership
        self._messenger = messenger
        self._relays = relays
        self._schedule = ProbeSchedule.probe(config.protocol_period, config.ping_timeout)
        self._asking: dict[str, Probe] = {}
        self._waiting: dict[str, Claim] = {}
        self._settled: dict[Disputed, float] = {}
        membership.on_dispute(self._disputed)
        membership.watch(self._changed, WatchOrder.NAME_CONFLICTS)

    def stop(self) -> None:
        """Settle nothing any more."""
        for asking in list(self._asking.values()):
            asking.stop()
        self._asking.clear()
        self._waiting.clear()

    def _disputed(self, claim: Claim) -> None:
        settled = self._settled.get((claim.name, claim.address, claim.epoch))
        if settled is not None and self._now() < settled + _SETTLED_FOR:
            return
        held = self._membership.claim(claim.name)
        if held is None:
            return
        if claim.name in self._asking:
            waiting = self._waiting.get(claim.name)
            if waiting is None or waiting.key < claim.key:
                self._waiting[claim.name] = claim
            return
        if not claim.state.living and not held.legacy:
            self._tell(held.address, claim)  # nobody lives to be asked: that one may refute
        # Of ourselves we know that we run: there it is the other one that has to answer.
        asked = claim if claim.name == self._membership.name else held

        ended = partial(self._ended, claim, held)
        self._asking[claim.name] = Probe(
            asked, self._messenger, self._schedule, ended, self._relays, same_run=True
        )

    def _ended(self, claim: Claim, held: Claim, asking: Probe) -> None:
        """The proof of that claim against that record."""
        self._asking.pop(claim.name, None)
        if _is_proof(asking):
            self._conflict(claim, held)
        else:
            self._membership.apply(claim, proven=True)
        waiting = self._waiting.pop(claim.name, None)
        if waiting is not None:
            self._membership.apply(waiting)  # which may be out of date by now

    def _changed(self, change: RecordChange) -> None:
        """Whoever is at the address of the record before hears what is said now, and may refute."""
        held, claim = change.held, change.claim
        if held is None or held.address == claim.address or held.legacy:
            return
        if claim.name != self._membership.name:
            self._tell(held.address, claim)

    def _tell(self, address: Address, claim: Claim) -> None:
        update = framed(encode_update(claim, claim.age))
        self._messenger.send(address, MessageType.GOSSIP, update, piggyback=False)

    def _conflict(self, claim: Claim, held: Claim) -> None:
        if len(self._settled) >= _MAX_SETTLED:
            self._settled.clear()
        self._settled[claim.name, claim.address, claim.epoch] = self._now()
        self._membership.announce(
            Event.CONFLICT,
            claim.name,
            f"{claim.address} calls itself {claim.name} too, which {held.address} is",
        )
        if not claim.legacy:
            # The other one hears what we hold, and so of the conflict.
            self._tell(claim.address, held)


def _is_proof(asking: Probe) -> bool:
    """Whether that run of that name has answered, to us or to a relay."""
    answer, asked = asking.answer, asking.target
    if answer is None:
        return False
    # A relay has been heard of that run only. Of seven-field peers no answer says which it is of.
    return asking.route is Route.RELAY or answer.epoch == asked.epoch or asked.legacy
