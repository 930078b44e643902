"""The service at the top of a member's process, which logs its start or ends it with one line."""

from __future__ import annotations

from collections.abc import Callable

import attrs
from twisted.application.service import Service
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.error import CannotListenError
from twisted.logger import Logger

from swimtx.agent.control import ControlPort
from swimtx.agent.startup_errors import StartupFailure
from swimtx.errors import SwimError
from swimtx.membership.events import Change
from swimtx.service import SwimService


@attrs.define(eq=False, repr=False, slots=False)
class MemberProcess(Service):
    """One member and its control port. Logs its start, its end and each membership change.

    @param swim: a C{SwimService}.
    @param control: the control port, or C{None} to run without one.
    @param refusal: ends the process when it cannot start.
    """

    _log = Logger()

    swim: SwimService
    control: ControlPort | None
    _refusal: StartupFailure
    _unsubscribe: Callable[[], object] = attrs.field(init=False)

    def startService(self) -> None:
        """Start the member and the control port.

        @raise CannotStart: they cannot be bound, in the foreground.
        @raise CannotStartDaemon: they cannot be bound, in a daemon.
        """
        if self.running:
            return
        # Subscribe before the start, so that the log misses no change.
        self._unsubscribe = self.swim.node.membership.subscribe(self._log_change)
        try:
            self.swim.startService()
            if self.control is not None:
                self.control.startService()
        except (CannotListenError, SwimError, ValueError) as error:
            self._unsubscribe()
            self._refusal.raise_for(error)
        node = self.swim.node
        self._log.info(
            "swimtx {name} listening on udp+tcp {address}, cluster {cluster}, control {control}",
            name=node.name,
            address=node.address,
            cluster=node.config.cluster,
            control="none" if self.control is None else self.control.where,
        )
        Service.startService(self)

    def stopService(self) -> Deferred[None]:
        """Leave the group, then stop the control port."""
        if not self.running:
            return succeed(None)
        Service.stopService(self)
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        await maybeDeferred(self.swim.stopService)
        if self.control is not None:
            await self.control.stopService()
        self._unsubscribe()
        self._log.info("swimtx {name} has left", name=self.swim.node.name)

    def _log_change(self, change: Change) -> None:
        member = change.member
        self._log.info(
            "swimtx: {member} ({at}) {event}: {why}",
            member=member.name,
            at=member.endpoint,
            event=change.event,
            why=change.why,
        )
