"""Settles conflicts of two processes under one name, by a probe.

A claim of a later run at another address is applied only if the run that we hold does not answer
any more. If it answers, a conflict is announced, both sides are told, and both go on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import attrs

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

_SETTLED_FOR = 60.0  # seconds in which a claim that was proven wrong is not probed again
_MAX_SETTLED = 1024

Disputed = tuple[str, Address, int]


@attrs.define(eq=False, repr=False)
class NameConflicts:
    """Probes the run that a disputed claim would replace.

    @param now: gives the time in seconds.
    @param relays: C{relays(target, hinted)}: the members that are asked to probe the target too,
        so that a member that only we cannot reach does not lose its name.
    """

    _now: Callable[[], float]
    _membership: Membership
    _messenger: Messenger
    _config: Config
    _relays: Callable[[Claim, bool], Sequence[Claim]]
    _probes: dict[str, Probe] = attrs.field(init=False, factory=dict)
    _waiting: dict[str, Claim] = attrs.field(init=False, factory=dict)
    _settled: dict[Disputed, float] = attrs.field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        self._membership.on_dispute(self._disputed)
        self._membership.watch(self._changed, WatchOrder.NAME_CONFLICTS)

    def stop(self) -> None:
        """End all probes; the disputes stay open."""
        for probe in list(self._probes.values()):
            probe.stop()
        self._probes.clear()
        self._waiting.clear()

    def _disputed(self, claim: Claim) -> None:
        settled = self._settled.get((claim.name, claim.address, claim.epoch))
        if settled is not None and self._now() < settled + _SETTLED_FOR:
            return
        held = self._membership.claim(claim.name)
        if held is None:
            return
        if claim.name in self._probes:
            waiting = self._waiting.get(claim.name)
            if waiting is None or waiting.key < claim.key:
                self._waiting[claim.name] = claim
            return
        if not claim.state.living and not held.legacy:
            self._send(held.address, claim)  # the claimed run is gone: the held one may refute
        # We know that we run: in a dispute about our own name the claimed run is probed.
        target = claim if claim.name == self._membership.name else held
        schedule = ProbeSchedule.probe(self._config.protocol_period, self._config.ping_timeout)
        ended = partial(self._ended, claim, held)
        self._probes[claim.name] = Probe(
            target, self._messenger, schedule, ended, self._relays, same_run=True
        )

    def _ended(self, claim: Claim, held: Claim, probe: Probe) -> None:
        """Settle the dispute of C{claim} with the record C{held}."""
        self._probes.pop(claim.name, None)
        if _is_proof(probe):
            self._report_conflict(claim, held)
        else:
            self._membership.apply(claim, proven=True)
        waiting = self._waiting.pop(claim.name, None)
        if waiting is not None:
            self._membership.apply(waiting)  # it may be out of date by now

    def _changed(self, change: RecordChange) -> None:
        """Send the new record to the address of the old one, whose process may refute it."""
        held, claim = change.held, change.claim
        if held is None or held.address == claim.address or held.legacy:
            return
        if claim.name != self._membership.name:
            self._send(held.address, claim)

    def _send(self, address: Address, claim: Claim) -> None:
        update = framed(encode_update(claim, claim.age))
        self._messenger.send(address, MessageType.GOSSIP, update, piggyback=False)

    def _report_conflict(self, claim: Claim, held: Claim) -> None:
        if len(self._settled) >= _MAX_SETTLED:
            self._settled.clear()
        self._settled[claim.name, claim.address, claim.epoch] = self._now()
        self._membership.announce(
            Event.CONFLICT,
            claim.name,
            f"{claim.address} calls itself {claim.name} too, which {held.address} is",
        )
        if not claim.legacy:
            # The record that we hold tells the other process of the conflict.
            self._send(claim.address, held)


def _is_proof(probe: Probe) -> bool:
    """Whether the very run that was probed has answered, to us or to a relay."""
    answer, target = probe.answer, probe.target
    if answer is None:
        return False
    # A relay's ACK counts for that run only. The ACK of a seven-field peer does not tell its run.
    return probe.route is Route.RELAY or answer.epoch == target.epoch or target.legacy
