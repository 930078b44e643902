"""``twistd swim-bootstrap``: a bootstrap node run as a process."""

from __future__ import annotations

from typing import Any

from twisted.application.service import IService
from twisted.internet.error import CannotListenError
from twisted.logger import Logger
from twisted.python import usage

from swimtx.agent import option_values
from swimtx.agent.options import AgentOptions
from swimtx.agent.startup_errors import StartupFailure
from swimtx.bootstrap import Bootstrap, BootstrapService
from swimtx.bootstrap.server import check_settings
from swimtx.errors import BadConfig, SwimError
from swimtx.reactor import Reactor


class Options(AgentOptions):
    """The options of C{twistd swim-bootstrap}."""

    longdesc = (
        "The well-known node that newcomers to a SWIM group ask first. It is no member, so nothing "
        "is lost but convenience when it is down; several may run."
    )
    optParameters: list[list[Any]] = [
        ["port", "p", 10000, "UDP port. 0: the system picks", option_values.port_number],
        ["interface", "i", None, "IP literal to bind [default: loopback]"],
        ["type", None, "udp4", "udp4 or udp6"],
        [
            "recent",
            None,
            32,
            "how many of the most recently joined, still living members it hands out",
            option_values.count,
        ],
        ["cluster", None, "default", "members of another cluster are ignored"],
    ]
    compData = usage.Completions(
        optActions={
            "type": usage.CompleteList(["udp4", "udp6"]),
            "interface": usage.CompleteNetInterfaces(),
        }
    )

    def postOptions(self) -> None:
        """Check the options together, before anything is started.

        @raise usage.UsageError: an option is wrong, or two contradict each other.
        """
        try:
            check_settings(name=None, **self.settings())
        except (BadConfig, ValueError) as error:
            raise usage.UsageError(str(error)) from None


class BootstrapProcess(BootstrapService):
    """One bootstrap node. Logs its start.

    @param refusal: ends the process when it cannot start.
    """

    _log = Logger()

    def __init__(self, bootstrap: Bootstrap, cluster: str, refusal: StartupFailure) -> None:
        super().__init__(bootstrap)
        self._cluster = cluster
        self._refusal = refusal

    def startService(self) -> None:
        """Bind the socket.

        @raise CannotStart: it cannot be bound, in the foreground.
        @raise CannotStartDaemon: it cannot be bound, in a daemon.
        """
        try:
            super().startService()
        except (CannotListenError, SwimError, ValueError) as error:
            self._refusal.raise_for(error)
        self._log.info(
            "swimtx bootstrap node listening on udp {address}, cluster {cluster}",
            address=self.bootstrap.address,
            cluster=self._cluster,
        )


def make_bootstrap(reactor: Reactor, options: Options) -> Bootstrap:
    """The bootstrap node that the options describe.

    @raise BadConfig: an option is wrong, or two contradict each other.
    """
    return Bootstrap(reactor, **options.settings())


def makeService(options: Options) -> IService:
    """Make the service that twistd runs. It binds its socket when it starts."""
    from twisted.internet import reactor

    bootstrap = make_bootstrap(reactor, options)
    return BootstrapProcess(bootstrap, options["cluster"], StartupFailure.under(options.parent))
