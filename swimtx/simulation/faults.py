"""The faults between hosts of a simulated network: cuts, partitions, firewalls and loss."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from swimtx.simulation.addresses import normal

#: The address of one host, or of several.
Hosts = str | Iterable[str]

#: Matches any host in a rule.
EVERYONE = "*"

Pair = tuple[str, str]


class Path(NamedTuple):
    """The probabilities that packets from one host to another are lost; at 1.0 every one is."""

    datagram_loss: float
    stream_loss: float


class Answer(Enum):
    """How a host's kernel answers a request to open a stream."""

    #: Accepts if a process listens, else refuses.
    HONEST = "honest"
    #: Refuses though a process listens: a firewall with REJECT.
    REFUSE = "refuse"
    #: Accepts, reads nothing and sends nothing, whether a process listens or not.
    MUTE = "mute"
    #: Sends no answer: a firewall with DROP.
    SILENT = "silent"


def _each(hosts: Hosts) -> list[str]:
    """The addresses of the hosts in their normal spelling."""
    return [normal(host) or host for host in ([hosts] if isinstance(hosts, str) else hosts)]


def _pairs(sources: Hosts, destinations: Hosts) -> list[Pair]:
    """Each source with each destination."""
    targets = _each(destinations)
    return [(source, target) for source in _each(sources) for target in targets]


class Faults:
    """The fault rules of one network; each is about packets from a source to a destination.

    Rules name hosts by their addresses; L{EVERYONE} matches any host. Packets between processes of
    one host are never lost, and packets that are already under way arrive.
    """

    def __init__(self, loss: float) -> None:
        self._cuts: dict[Pair, None] = {}
        self._no_datagrams: dict[Pair, None] = {}
        self._no_streams: dict[Pair, None] = {}
        self._losses: dict[Pair, float] = {}
        self._groups: dict[str, int] | None = None
        self._vanished: dict[str, None] = {}
        self._answers: dict[tuple[str, int | None], Answer] = {}
        self._paths: dict[Pair, Path] = {}
        self._same_for_all: Path | None = None
        self.lose(loss)

    def cut(self, sources: Hosts, destinations: Hosts) -> None:
        """Drop all packets from these sources to these destinations; the way back stays open."""
        self._add(self._cuts, sources, destinations)

    def heal(self, sources: Hosts | None = None, destinations: Hosts = EVERYONE) -> None:
        """Undo a L{cut} with the same arguments; without any, undo all cuts and the partition."""
        if sources is None:
            self._cuts.clear()
            self._groups = None
            self._changed()
        else:
            self._remove(self._cuts, sources, destinations)

    def unplug(self, hosts: Hosts) -> None:
        """Drop all packets from and to these hosts, while their processes run on."""
        self.cut(hosts, EVERYONE)
        self.cut(EVERYONE, hosts)

    def plug_in(self, hosts: Hosts) -> None:
        """Undo L{unplug}."""
        self.heal(hosts, EVERYONE)
        self.heal(EVERYONE, hosts)

    def partition(self, *groups: Hosts) -> None:
        """Let only hosts of one group reach each other, until L{heal} or another partition.

        Hosts in none of the groups form one more group.
        """
        self._groups = {
            host: number for number, group in enumerate(groups, 1) for host in _each(group)
        }
        self._changed()

    def block_datagrams(self, sources: Hosts = EVERYONE, destinations: Hosts = EVERYONE) -> None:
        """Drop all datagrams on these paths, like a firewall; streams pass."""
        self._add(self._no_datagrams, sources, destinations)

    def unblock_datagrams(self, sources: Hosts = EVERYONE, destinations: Hosts = EVERYONE) -> None:
        """Undo L{block_datagrams} with the same arguments."""
        self._remove(self._no_datagrams, sources, destinations)

    def block_streams(self, sources: Hosts = EVERYONE, destinations: Hosts = EVERYONE) -> None:
        """Drop all TCP on these paths, also of open streams, like a firewall; datagrams pass."""
        self._add(self._no_streams, sources, destinations)

    def unblock_streams(self, sources: Hosts = EVERYONE, destinations: Hosts = EVERYONE) -> None:
        """Undo L{block_streams} with the same arguments."""
        self._remove(self._no_streams, sources, destinations)

    def refuse_streams(self, host: str, port: int | None = None) -> None:
        """Refuse new streams to a host, or to one of its ports, though a process listens."""
        self._answers[normal(host) or host, port] = Answer.REFUSE

    def mute_streams(self, host: str, port: int | None = None) -> None:
        """Accept new streams to a host, or to one of its ports, dead or alive; never send data."""
        self._answers[normal(host) or host, port] = Answer.MUTE

    def silence_streams(self, host: str, port: int | None = None) -> None:
        """Answer no request to open a stream to a host, or to one of its ports."""
        self._answers[normal(host) or host, port] = Answer.SILENT

    def restore_streams(self, host: str, port: int | None = None) -> None:
        """Undo L{refuse_streams}, L{mute_streams} or L{silence_streams} with the same arguments."""
        self._answers.pop((normal(host) or host, port), None)

    def answer(self, host: str, port: int) -> Answer:
        """How the kernel answers a request to open a stream to this port."""
        answers = self._answers
        return answers.get((host, port)) or answers.get((host, None)) or Answer.HONEST

    def lose(self, loss: float, sources: Hosts = EVERYONE, destinations: Hosts = EVERYONE) -> None:
        """Lose each packet on these paths with probability C{loss}, independently; 0 undoes it.

        Rules for everyone, for a host and for a pair combine: a packet has to survive all of them.
        A lost segment of a stream is sent again, which takes time.

        @raise ValueError: C{loss} is not between 0 and 1.
        """
        if not 0.0 <= loss <= 1.0:
            raise ValueError(f"a chance is between 0 and 1: {loss}")
        self._losses.update(dict.fromkeys(_pairs(sources, destinations), loss))
        self._changed()

    def lose_at(self, hosts: Hosts, loss: float) -> None:
        """Lose packets from these hosts, and packets to them, with probability C{loss}."""
        self.lose(loss, hosts, EVERYONE)
        self.lose(loss, EVERYONE, hosts)

    def path(self, source: str, destination: str) -> Path:
        """The loss probabilities of packets from one host to another."""
        path = self._same_for_all or self._paths.get((source, destination))
        if path is None:
            if len(self._paths) > 200_000:  # large groups have too many pairs to cache
                self._paths.clear()
            path = self._paths[source, destination] = self._judge(source, destination)
        return path

    def _judge(self, source: str, destination: str) -> Path:
        keys = [
            (source, destination),
            (source, EVERYONE),
            (EVERYONE, destination),
            (EVERYONE, EVERYONE),
        ]
        groups = self._groups or {}
        if (
            source in self._vanished
            or destination in self._vanished
            or groups.get(source) != groups.get(destination)
            or any(key in self._cuts for key in keys)
        ):
            return Path(1.0, 1.0)
        survival = 1.0
        for key in keys:
            survival *= 1.0 - self._losses.get(key, 0.0)
        return Path(
            1.0 if any(key in self._no_datagrams for key in keys) else 1.0 - survival,
            1.0 if any(key in self._no_streams for key in keys) else 1.0 - survival,
        )

    def _add(self, rules: dict[Pair, None], sources: Hosts, destinations: Hosts) -> None:
        rules.update(dict.fromkeys(_pairs(sources, destinations)))
        self._changed()

    def _remove(self, rules: dict[Pair, None], sources: Hosts, destinations: Hosts) -> None:
        for pair in _pairs(sources, destinations):
            rules.pop(pair, None)
        self._changed()

    def _changed(self) -> None:
        """Drop the paths computed from the old rules."""
        self._paths.clear()
        rules = self._cuts or self._no_datagrams or self._no_streams or self._vanished
        losses = [pair for pair, loss in self._losses.items() if loss]
        special = rules or self._groups or losses not in ([], [(EVERYONE, EVERYONE)])
        loss = self._losses.get((EVERYONE, EVERYONE), 0.0)
        self._same_for_all = None if special else Path(loss, loss)
