"""Being a relay: probing a member on behalf of another (SWIM §3.1; Lifeguard §IV-A, NACK).

The request names a member; the address comes from our own list, or anybody could have us knock on
any door. Its deadline rides along, so that the NACK is back in time.
"""

from __future__ import annotations

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

MAX_JOBS = 256  # at a time
_ALMOST = 0.99  # of a time, for clocks that round


class PingReqRelay:
    """Answers PING_REQs: an ACK as soon as the target answers, else a NACK with what was seen."""

    def __init__(
        self,
        membership: Membership,
        messenger: Messenger,
        broken_streams: BrokenStreams,
        config: Config,
        counters: Counters,
    ) -> None:
        self._membership = membership
        self._messenger = messenger
        self._protocol = messenger.protocol
        self._broken_streams = broken_streams
        self._config = config
        self._quiet = config.ping_timeout / 3
        self._hinted_quiet = BROKEN_QUIET * config.protocol_period
        self._counters = counters
        self._jobs: dict[Probe, None] = {}
        self._protocol.handle(MessageType.PING_REQ, self._asked)

    def stop(self) -> None:
        """Drop all jobs."""
        for job in list(self._jobs):
            job.stop()
        self._jobs.clear()

    def _asked(self, message: Message, peer: Peer) -> None:
        target = self._find(message)
        if target is None or len(self._jobs) >= MAX_JOBS:
            return  # a NACK tells what was seen, and nothing was
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
            """Worth telling at once, once the target has been quiet for a while."""
            if job.own_observation is not Observation.REFUSED:
                return False
            quiet = self._hinted_quiet if target.name in self._broken_streams else self._quiet
            return job.elapsed >= quiet * _ALMOST

        self._jobs[Probe(target, self._messenger, schedule, ended, seen=refused)] = None

    def _course(self, budget: float) -> ProbeSchedule:
        return ProbeSchedule.relayed(self._config.ping_timeout, budget, self._hinted_quiet)

    def _find(self, message: Message) -> Claim | None:
        """The target as our own list has it."""
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
            self._protocol.send(peer, MessageType.ACK, body)
            return
        # The original takes an ACK for its sender's: it hears the target speak.
        self._protocol.send_legacy(peer, MessageType.ACK, message.address, sender=target)

    def _nack(self, message: Message, peer: Peer, seen: Observation) -> None:
        body = sequence_field(message.sequence)
        aim = fields(target=message.target, observed=int(seen))
        self._protocol.send(peer, MessageType.NACK, body, aim)
