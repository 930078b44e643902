"""The relay of PING_REQ: probes a member on behalf of another (SWIM §3.1; Lifeguard §IV-A, NACK).

The request names a member; its address is taken from the local member list, as otherwise a request
could direct our PINGs at any host. The request carries its budget, so that the NACK is back in
time.
"""

from __future__ import annotations

import attrs

from swimtx.config import Config
from swimtx.counters import Counters
from swimtx.membership.claim import Claim
from swimtx.membership.observation import Observation
from swimtx.membership.table import Membership
from swimtx.probing.broken_streams import BrokenStreams
from swimtx.probing.probe import Probe
from swimtx.probing.schedule import BROKEN_QUIET, ProbeSchedule
from swimtx.transport.messenger import Messenger
from swimtx.transport.route import Peer
from swimtx.wire.codec import fields, sequence_field
from swimtx.wire.messages import Message, MessageType

MAX_JOBS = 256  # relayed probes at a time
_ALMOST = 0.99  # of a time, as clocks round


@attrs.define(eq=False, repr=False)
class PingReqRelay:
    """Answers a PING_REQ: an ACK when the target answers, else a NACK that says what was seen."""

    _membership: Membership
    _messenger: Messenger
    _broken_streams: BrokenStreams
    _config: Config
    _counters: Counters
    _jobs: dict[Probe, None] = attrs.field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        self._messenger.protocol.handle(MessageType.PING_REQ, self._requested)

    def stop(self) -> None:
        """Stop all relayed probes."""
        for job in list(self._jobs):
            job.stop()
        self._jobs.clear()

    @property
    def _hinted_quiet(self) -> float:
        """Seconds in which a target whose stream broke may still answer."""
        return BROKEN_QUIET * self._config.protocol_period

    def _requested(self, message: Message, peer: Peer) -> None:
        target = self._find(message)
        if target is None or len(self._jobs) >= MAX_JOBS:
            return  # a NACK reports an observation, and there is none
        self._counters.relayed += 1
        budget = min(
            message.budget or self._config.protocol_period / 2, self._config.protocol_period
        )
        schedule = self._course(budget)

        def ended(job: Probe) -> None:
            self._jobs.pop(job, None)
            if job.route is not None:
                self._pass_on(message, peer, target, job.answer)
            elif message.version:
                self._nack(message, peer, job.own_observation)

        def refused(job: Probe) -> bool:
            """A refusal is reported at once, when the target has not answered for a while."""
            if job.own_observation is not Observation.REFUSED:
                return False
            hinted = target.name in self._broken_streams
            quiet = self._hinted_quiet if hinted else self._config.ping_timeout / 3
            return job.elapsed >= quiet * _ALMOST

        self._jobs[Probe(target, self._messenger, schedule, ended, seen=refused)] = None

    def _course(self, budget: float) -> ProbeSchedule:
        return ProbeSchedule.relayed(self._config.ping_timeout, budget, self._hinted_quiet)

    def _find(self, message: Message) -> Claim | None:
        """The record of the target in the local member list."""
        name: str | None = message.target
        if not message.version:
            wanted = message.destination
            name = None if wanted is None else self._membership.index.at(wanted)
        target = None if not name else self._membership.claim(name)
        return None if target is None or target.name == self._membership.name else target

    def _pass_on(self, message: Message, peer: Peer, target: Claim, answer: Message | None) -> None:
        if message.version:
            run = answer.epoch if answer is not None and answer.version else target.epoch
            aim = fields(target=target.name, target_epoch=run)
            body = sequence_field(message.sequence) + aim
            self._messenger.protocol.send(peer, MessageType.ACK, body)
            return
        # The original schema takes the sender of an ACK for the member that answered.
        self._messenger.protocol.send_legacy(peer, MessageType.ACK, message.address, sender=target)

    def _nack(self, message: Message, peer: Peer, seen: Observation) -> None:
        body = sequence_field(message.sequence)
        aim = fields(target=message.target, observed=int(seen))
        self._messenger.protocol.send(peer, MessageType.NACK, body, aim)
