"""Making oneself known to somebody of whom only the address is known: one PING with our ALIVE."""

from __future__ import annotations

from collections.abc import Callable

from swimtx.addresses import Address
from swimtx.config import Config
from swimtx.membership.claim import Claim
from swimtx.membership.table import Membership
from swimtx.probing.probe import Round
from swimtx.probing.schedule import Schedule
from swimtx.transport.messenger import Means
from swimtx.transport.route import Way
from swimtx.wire.messages import Listed

_STRANGERS = 8  # that are greeted at a time: anybody may claim to be many


class Greeting:
    """Greets. The ACK brings the record of whoever is there.

    @param reached: told C{reached(address, way)} when somebody answered.
    """

    def __init__(
        self,
        membership: Membership,
        means: Means,
        config: Config,
        reached: Callable[[Address, Way], object],
    ) -> None:
        self._membership = membership
        self._means = means
        self._schedule = Schedule.probe(config.period, config.first_stage)
        self._reached = reached
        self._greeting: dict[Address, Round] = {}

    def stop(self) -> None:
        """Greet nobody any more."""
        for greeting in list(self._greeting.values()):
            greeting.stop()
        self._greeting.clear()

    def is_news(self, listed: Listed) -> bool:
        """Whether that entry of a join list names somebody whom our list does not have."""
        me = self._membership.me
        if listed.name == me.name or listed.address == me.address:
            return False
        held = self._membership.claim(listed.name)
        return held is None or (held.epoch < listed.epoch and not held.seven_fields)

    def under_way(self, address: Address) -> bool:
        """Whether somebody there is being greeted just now."""
        return address in self._greeting

    def greet(self, listed: Listed, strange: bool = False) -> None:
        """Send our ALIVE there, unless we are just doing so.

        @param strange: nobody but itself has told us of it.
        """
        if listed.address in self._greeting or listed.name == self._membership.name:
            return
        if strange and len(self._greeting) >= _STRANGERS:
            return

        def ended(greeting: Round) -> None:
            self._greeting.pop(listed.address, None)
            if greeting.way is not None:
                self._reached(listed.address, greeting.way)

        # Epoch 0 is nobody's: it makes the ACK carry the record of whoever answers.
        whom = Claim(listed.name, listed.address, 0, seven_fields=not listed.epoch)
        self._greeting[listed.address] = Round(
            whom, self._means, self._schedule, ended, attach=self._membership.me
        )
