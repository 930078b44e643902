"""The gossip tick: news to a few members at random, for as long as there is any."""

from __future__ import annotations

import random

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from swimtx.config import Config
from swimtx.dissemination import Dissemination
from swimtx.membership import Membership
from swimtx.messages import MessageType
from swimtx.protocol import SwimProtocol


class Gossip:
    """Sends GOSSIP, which wants no answer. The timer is armed only while something is news."""

    def __init__(
        self,
        clock: IReactorTime,
        chance: random.Random,
        membership: Membership,
        protocol: SwimProtocol,
        news: Dissemination,
        config: Config,
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._membership = membership
        self._protocol = protocol
        self._news = news
        self._interval = config.gossip_tick
        self._fanout = config.gossip_fanout
        self._timer: IDelayedCall | None = None
        self._running = False
        news.on_news(self._arm)

    def start(self) -> None:
        """Tell from now on."""
        self._running = True
        if self._news.pending:
            self._arm()

    def stop(self) -> None:
        """Tell no more."""
        self._running = False
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None

    def _arm(self) -> None:
        if self._timer is None and self._running:
            self._timer = self._clock.callLater(self._interval, self._tick)

    def _tick(self) -> None:
        self._timer = None
        for member in self._membership.sample(self._chance, self._fanout):
            if self._news.pending and not member.seven_fields:
                self._protocol.spread(member.address, MessageType.GOSSIP)
        if self._news.pending:
            self._arm()
