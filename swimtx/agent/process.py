"""What makes a process of a service: its one line when it is ready, or when it cannot start."""

from __future__ import annotations

from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.error import CannotListenError
from twisted.logger import Logger

from swimtx.agent.control import ControlPort
from swimtx.agent.startup_errors import StartupFailure
from swimtx.errors import SwimError
from swimtx.membership.events import Change


class MemberProcess(Service):
    """One member and its control port, with the lines that people and scripts read in the log.

    @param swim: a C{SwimService}.
    @param control: C{None}: there is no control port.
    @param refusal: what to do when it cannot start.
    """

    _log = Logger()

    def __init__(self, swim: Any, control: ControlPort | None, refusal: StartupFailure) -> None:
        self.swim = swim
        self._refusal = refusal
        self.control = control

    def startService(self) -> None:
        """Bind everything, or end the process."""
        if self.running:
            return
        # Before it can be heard of, so that no change is missing from the log.
        self._quiet = self.swim.node.membership.subscribe(self._log_change)
        try:
            self.swim.startService()
            if self.control is not None:
                self.control.startService()
        except (CannotListenError, SwimError, ValueError) as error:
            self._quiet()
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
        """Leave; then end what follows the member."""
        if not self.running:
            return succeed(None)
        Service.stopService(self)
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        await maybeDeferred(self.swim.stopService)
        if self.control is not None:
            await self.control.stopService()
        self._quiet()
        self._log.info("swimtx {name} has left", name=self.swim.node.name)

    def _log_change(self, change: Change) -> None:
        member = change.member
        self._log.info(
            "swimtx: {member} ({at}) {event}: {why}",
            member=member.name,
            at=f"{member.address}:{member.port}",
            event=change.event,
            why=change.why,
        )


class BootstrapProcess(Service):
    """One bootstrap node, with its line in the log.

    @param bootstrap: a C{Bootstrap}.
    @param refusal: what to do when it cannot start.
    """

    _log = Logger()

    def __init__(self, bootstrap: Any, cluster: str, refusal: StartupFailure) -> None:
        self.bootstrap = bootstrap
        self._cluster = cluster
        self._refusal = refusal

    def startService(self) -> None:
        """Bind, or end the process."""
        failures: list[Any] = []
        maybeDeferred(self.bootstrap.start).addErrback(failures.append)
        if failures:
            if not failures[0].check(CannotListenError, SwimError, ValueError):
                failures[0].raiseException()
            self._refusal.raise_for(failures[0].value)
        self._log.info(
            "swimtx bootstrap node listening on udp {address}, cluster {cluster}",
            address=self.bootstrap.address,
            cluster=self._cluster,
        )
        Service.startService(self)

    def stopService(self) -> Deferred[Any]:
        """Close the socket."""
        Service.stopService(self)
        return maybeDeferred(self.bootstrap.stop)
