"""Announces this member to a peer of which only the address is known: one PING with our ALIVE."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from swimtx.addresses import Address
from swimtx.config import Config
from swimtx.membership.claim import Claim
from swimtx.membership.table import Membership
from swimtx.probing.probe import Probe
from swimtx.probing.schedule import ProbeSchedule
from swimtx.transport.messenger import Messenger
from swimtx.transport.route import Route
from swimtx.wire.messages import Contact

_STRANGERS = 8  # announcements to strangers at a time: one sender may use any number of names


@attrs.define(eq=False, repr=False)
class Announcer:
    """Announces this member. The ACK brings the record of the peer that answers.

    @param reached: called C{reached(address, route)} when the peer at C{address} has answered.
    """

    _membership: Membership
    _messenger: Messenger
    _config: Config
    _reached: Callable[[Address, Route], object]
    _probes: dict[Address, Probe] = attrs.field(init=False, factory=dict)

    def stop(self) -> None:
        """End all announcements under way."""
        for probe in list(self._probes.values()):
            probe.stop()
        self._probes.clear()

    def is_unknown(self, listed: Contact) -> bool:
        """Whether our member list lacks an entry of a join list, or holds an earlier run of it."""
        me = self._membership.local
        if listed.name == me.name or listed.address == me.address:
            return False
        held = self._membership.claim(listed.name)
        return held is None or (held.epoch < listed.epoch and not held.legacy)

    def under_way(self, address: Address) -> bool:
        """Whether an announcement to C{address} is under way."""
        return address in self._probes

    def announce(self, listed: Contact, strange: bool = False) -> None:
        """Send our ALIVE to the peer C{listed}, unless an announcement to it is under way.

        @param strange: whether the peer itself is our only source; of these, few at a time.
        """
        if listed.address in self._probes or listed.name == self._membership.name:
            return
        if strange and len(self._probes) >= _STRANGERS:
            return

        def ended(probe: Probe) -> None:
            self._probes.pop(listed.address, None)
            if probe.route is not None:
                self._reached(listed.address, probe.route)

        # No run has epoch 0: it makes the ACK carry the record of the peer that answers.
        target = Claim(listed.name, listed.address, 0, legacy=not listed.epoch)
        schedule = ProbeSchedule.probe(self._config.protocol_period, self._config.ping_timeout)
        self._probes[listed.address] = Probe(
            target, self._messenger, schedule, ended, attach=self._membership.local
        )
