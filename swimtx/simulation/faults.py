"""What can be wrong between the hosts of a simulated network, and what it does to a packet."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from swimtx.simulation.addresses import normal

#: One host by its address, or several.
Hosts = str | Iterable[str]

#: Stands for any host in a rule.
EVERYONE = "*"

Pair = tuple[str, str]


class Path(NamedTuple):
    """How likely it is that what one host sends to another is lost: 1.0 is never anything else."""

    datagram_loss: float
    stream_loss: float


class Answer(Enum):
    """What a host's kernel says to somebody who opens a stream."""

    #: Accepts if somebody listens, else refuses.
    HONEST = "honest"
    #: Refuses though somebody listens: a firewall with REJECT.
    REFUSE = "refuse"
    #: Accepts, reads nothing and never says a word, whether anybody listens or not.
    MUTE = "mute"
    #: Says nothing at all: a firewall with DROP.
    SILENT = "silent"


def _each(hosts: Hosts) -> list[str]:
    """Their addresses, as they are usually written."""
    return [normal(host) or host for host in ([hosts] if isinstance(hosts, str) else hosts)]


def _pairs(sources: Hosts, destinations: Hosts) -> list[Pair]:
    """Each source with each destination."""
    afters = _each(destinations)
    return [(before, after) for before in _each(sources) for after in afters]


class Faults:
    """The rules of one network, all of them about what travels from a source to a destination.

    Hosts are named by their addresses; L{EVERYONE} is any of them. Between
    processes of one host nothing is ever lost. What is already under way arrives.
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
        """From these sources nothing reaches these destinations; the way back stays open."""
        self._add(self._cuts, sources, destinations)

    def heal(self, sources: Hosts | None = None, destinations: Hosts = EVERYONE) -> None:
        """Undo a L{cut} with the same arguments; without any, all cuts and the partition."""
        if sources is None:
            self._cuts.clear()
            self._groups = None
            self._changed()
        else:
            self._remove(self._cuts, sources, destinations)

    def unplug(self, hosts: Hosts) -> None:
        """Pull the cables of hosts: nothing comes in or out, while their processes run on."""
        self.cut(hosts, EVERYONE)
        self.cut(EVERYONE, hosts)

    def plug_in(self, hosts: Hosts) -> None:
        """Undo L{unplug}."""
        self.heal(hosts, EVERYONE)
        self.heal(EVERYONE, hosts)

    def partition(self, *groups: Hosts) -> None:
        """Only hosts of one group reach each other, until L{heal} or another partition.

        The hosts that are in none of the groups are one more group.
        """
        self._groups = {
            host: number for number, group in enumerate(groups, 1) for host in _each(group)
        }
        self._changed()

    def block_datagrams(self, sources: Hosts = EVERYONE, destinations: Hosts = EVERYONE) -> None:
        """Drop all UDP on this way, like a firewall; streams pass."""
        self._add(self._no_datagrams, sources, destinations)

    def unblock_datagrams(self, sources: Hosts = EVERYONE, destinations: Hosts = EVERYONE) -> None:
        """Undo L{block_datagrams} with the same arguments."""
        self._remove(self._no_datagrams, sources, destinations)

    def block_streams(self, sources: Hosts = EVERYONE, destinations: Hosts = EVERYONE) -> None:
        """Drop all TCP on this way, of open streams too, like a firewall; datagrams pass."""
        self._add(self._no_streams, sources, destinations)

    def unblock_streams(self, sources: Hosts = EVERYONE, destinations: Hosts = EVERYONE) -> None:
        """Undo L{block_streams} with the same arguments."""
        self._remove(self._no_streams, sources, destinations)

    def refuse_streams(self, host: str, port: int | None = None) -> None:
        """Refuse new streams to a host, or to one port of it, though a process listens."""
        self._answers[normal(host) or host, port] = Answer.REFUSE

    def mute_streams(self, host: str, port: int | None = None) -> None:
        """Accept new streams to a host, or to one port of it, dead or alive, and stay mute."""
        self._answers[normal(host) or host, port] = Answer.MUTE

    def silence_streams(self, host: str, port: int | None = None) -> None:
        """Leave who opens a stream to a host, or to one port of it, without any answer."""
        self._answers[normal(host) or host, port] = Answer.SILENT

    def restore_streams(self, host: str, port: int | None = None) -> None:
        """Undo L{refuse_streams}, L{mute_streams} or L{silence_streams} of the same arguments."""
        self._answers.pop((normal(host) or host, port), None)

    def answer(self, host: str, port: int) -> Answer:
        """What somebody is told who opens a stream to this port."""
        answers = self._answers
        return answers.get((host, port)) or answers.get((host, None)) or Answer.HONEST

    def lose(self, loss: float, sources: Hosts = EVERYONE, destinations: Hosts = EVERYONE) -> None:
        """Lose a packet on this way with this chance, each on its own; 0 undoes it.

        What is said of everyone, of a host and of a pair adds up: a packet has to survive all. A
        lost piece of a stream is sent again, which takes time.
        """
        if not 0.0 <= loss <= 1.0:
            raise ValueError(f"a chance is between 0 and 1: {loss}")
        self._losses.update(dict.fromkeys(_pairs(sources, destinations), loss))
        self._changed()

    def lose_at(self, hosts: Hosts, loss: float) -> None:
        """Lose with this chance what hosts send, and also what they are sent; 0 undoes it."""
        self.lose(loss, hosts, EVERYONE)
        self.lose(loss, EVERYONE, hosts)

    def path(self, source: str, destination: str) -> Path:
        """What becomes of packets from one host to another one."""
        path = self._same_for_all or self._paths.get((source, destination))
        if path is None:
            if len(self._paths) > 200_000:  # large groups have too many pairs to remember
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
        """Forget what followed from the old rules."""
        self._paths.clear()
        rules = self._cuts or self._no_datagrams or self._no_streams or self._vanished
        losses = [pair for pair, loss in self._losses.items() if loss]
        special = rules or self._groups or losses not in ([], [(EVERYONE, EVERYONE)])
        loss = self._losses.get((EVERYONE, EVERYONE), 0.0)
        self._same_for_all = None if special else Path(loss, loss)
