"""``twistd swim``: one member run as a process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.application.service import IService
from twisted.internet.endpoints import serverFromString
from twisted.python import usage

from swimtx.agent import option_values
from swimtx.agent.control import ControlPort
from swimtx.agent.options import AgentOptions
from swimtx.agent.process import MemberProcess
from swimtx.agent.startup_errors import StartupFailure
from swimtx.config import Config
from swimtx.discovery import parse_seed
from swimtx.errors import BadConfig
from swimtx.service import SwimService

_TIMES: tuple[tuple[str, Callable[[str], float], str], ...] = (
    ("protocol-period", option_values.seconds, "seconds between two probes"),
    ("ping-timeout", option_values.seconds, "seconds until others are asked to probe too"),
    (
        "silence-tolerance",
        option_values.periods,
        "protocol periods for which a host may be silent before it is declared failed",
    ),
    (
        "patience",
        option_values.seconds,
        "seconds that a stalled process is given, whose host still accepts streams",
    ),
)
"""The options that override a time of the profile: name, parser and help."""


class Options(AgentOptions):
    """The options of C{twistd swim}.

    @ivar config: the C{Config} that they describe, once they are parsed.
    @ivar seeds: the texts given to C{--join}.
    """

    longdesc = (
        "One member of a SWIM group. It finds out who else is alive, and tells who asks: see the "
        "command swimtx. Without --join it waits, for others to join it."
    )
    optParameters: list[list[Any]] = [
        [
            "port",
            "p",
            7946,
            "UDP port, and the TCP port of the same number. 0: the system picks",
            option_values.port_number,
        ],
        [
            "interface",
            "i",
            None,
            "IP literal to bind [default: loopback; with --insecure all of the machine's]",
        ],
        ["type", None, "udp4", "udp4 or udp6"],
        [
            "advertise",
            None,
            None,
            "HOST[:PORT] that others should use, HOST being an IP literal [default: the bound "
            "address; of all of the machine's, the one that it uses toward its seeds]",
            option_values.host_and_port,
        ],
        ["name", None, None, "unique, stable name of this member [default: <hostname>-<port>]"],
        ["cluster", None, "default", "members of another cluster ignore each other"],
        ["profile", None, "lan", "preset of times: local, lan or wan", option_values.profile],
        *(
            [name, None, None, f"{text}; overrides the profile", parse]
            for name, parse, text in _TIMES
        ),
        [
            "control",
            None,
            None,
            "endpoint string of the control port, or none [default: a UNIX socket that only this "
            "user can open, found by the command swimtx]",
        ],
    ]
    optFlags: list[list[Any]] = [
        ["insecure", None, "bind beyond loopback without encryption"],
        [
            "no-tripwires",
            None,
            "hold no idle streams to neighbours: for networks that close them. A killed process is "
            "then found by the next probe",
        ],
        [
            "round-robin",
            None,
            "probe in the randomised order of the SWIM paper, instead of everybody once a period",
        ],
        [
            "no-refused-verdict",
            None,
            "let a refused stream count as silence: for networks where somebody may forge a TCP "
            "reset",
        ],
    ]
    compData = usage.Completions(
        optActions={
            "type": usage.CompleteList(["udp4", "udp6"]),
            "profile": usage.CompleteList(["local", "lan", "wan"]),
            "interface": usage.CompleteNetInterfaces(),
            "join": usage.CompleteHostnames(),
        }
    )

    def __init__(self) -> None:
        super().__init__()
        self.seeds: list[str] = []
        self.tags: dict[str, str] = {}
        self.config = Config()

    def opt_join(self, seed: str) -> None:
        """HOST[:PORT] to join, or a DNS name of several; _service._udp.domain is looked up as SRV.
        May be given more than once. It is asked, for ever, until one answers.
        """
        try:
            parse_seed(seed)
        except ValueError as error:
            raise usage.UsageError(f"--join: {error}") from None
        self.seeds.append(seed)

    opt_j = opt_join

    def opt_tag(self, pair: str) -> None:
        """KEY=VALUE that every member can read. May be given more than once."""
        try:
            key, value = option_values.key_and_value(pair)
        except ValueError as error:
            raise usage.UsageError(f"--tag: {error}") from None
        if key in self.tags:
            raise usage.UsageError(f"--tag: the key {key!r} is given twice")
        self.tags[key] = value

    opt_t = opt_tag

    def postOptions(self) -> None:
        """Check the options together, before anything is started.

        @raise usage.UsageError: an option is wrong, or two contradict each other.
        """
        settings = self.settings()
        control = settings.pop("control")
        try:
            self.config = Config(
                **settings,
                insecure=bool(self["insecure"]),
                tags=self.tags,
                refused_verdict=not self["no-refused-verdict"],
                tripwires=not self["no-tripwires"],
                phased=not self["round-robin"],
            )
        except BadConfig as error:
            raise usage.UsageError(str(error)) from None
        check_endpoint("--control", control)


def check_endpoint(option: str, description: str | None) -> None:
    """Check that the value of an option is an endpoint string, C{none}, or not given.

    @raise usage.UsageError: it is none of these.
    """
    if description in (None, "none"):
        return
    try:
        serverFromString(object(), description)
    except Exception as error:
        raise usage.UsageError(
            f"{option}: {description!r} is no endpoint such as unix:/path or "
            f"tcp:8080:interface=127.0.0.1, nor none ({error})"
        ) from None


def makeService(options: Options) -> IService:
    """Make the service that twistd runs. It binds its sockets when it starts."""
    from twisted.internet import reactor

    swim = SwimService(options.config, options.seeds, reactor)
    control = None
    if options["control"] != "none":
        control = ControlPort(reactor, swim, options["control"])
    return MemberProcess(swim, control, StartupFailure.under(options.parent))
