"""Making oneself known to somebody of whom only the address is known: one PING with our ALIVE."""

from __future__ import annotations

from collections.abc import Callable

from swimtx.addresses import Address
from swimtx.config import Config
from swimtx.membership.claim import Claim
from swimtx.membership.table import Membership
from swimtx.probing.probe import Probe
from swimtx.probing.schedule import ProbeSchedule
from swimtx.transport.messenger import Messenger
from swimtx.transport.route import Route
from swimtx.wire.messages import Contact

_STRANGERS = 8  # that are greeted at a time: anybody may claim to be many


class Announcer:
    """Greets. The ACK brings the record of whoever is there.

    @param reached: told C{reached(address, way)} when somebody answered.
    """

    def __init__(
        self,
        membership: Membership,
        messenger: Messenger,
        config: Config,
        reached: Callable[[Address, Route], object],
    ) -> None:
        self._membership = membership
        self._messenger = messenger
        self._schedule = ProbeSchedule.probe(config.protocol_period, config.ping_timeout)
        self._reached = reached
        self._announcer: dict[Address, Probe] = {}

    def stop(self) -> None:
        """Greet nobody any more."""
        for announcer in list(self._announcer.values()):
            announcer.stop()
        self._announcer.clear()

    def is_unknown(self, listed: Contact) -> bool:
        """Whether that entry of a join list names somebody whom our list does not have."""
        me = self._membership.local
        if listed.name == me.name or listed.address == me.address:
            return False
        held = self._membership.claim(listed.name)
        return held is None or (held.epoch < listed.epoch and not held.legacy)

    def under_way(self, address: Address) -> bool:
        """Whether somebody there is being greeted just now."""
        return address in self._announcer

    def announce(self, listed: Contact, strange: bool = False) -> None:
        """Send our ALIVE there, unless we are just doing so.

        @param strange: nobody but itself has told us of it.
        """
        if listed.address in self._announcer or listed.name == self._membership.name:
            return
        if strange and len(self._announcer) >= _STRANGERS:
            return

        def ended(announcer: Probe) -> None:
            self._announcer.pop(listed.address, None)
            if announcer.route is not None:
                self._reached(listed.address, announcer.route)

        # Epoch 0 is nobody's: it makes the ACK carry the record of whoever answers.
        whom = Claim(listed.name, listed.address, 0, legacy=not listed.epoch)
        self._announcer[listed.address] = Probe(
            whom, self._messenger, self._schedule, ended, attach=self._membership.local
        )
