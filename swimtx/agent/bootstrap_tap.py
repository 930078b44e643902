"""``twistd swim-bootstrap``: a bootstrap node run as a process."""

from __future__ import annotations

from typing import Any

from twisted.application.service import IService
from twisted.python import usage

from swimtx.agent import option_values
from swimtx.agent.options import AgentOptions
from swimtx.agent.process import BootstrapProcess
from swimtx.agent.startup_errors import StartupFailure
from swimtx.bootstrap import Bootstrap
from swimtx.bootstrap.server import check_settings
from swimtx.errors import BadConfig
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
