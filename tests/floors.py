"""The floors of the house: which module of swimtx lives where, and who may import whom.

This table is the only one. ``tests/test_floors.py`` holds the code against it, and the page
``docs/architecture.rst`` draws it. A new module gets its place here: add its name, without the
leading ``swimtx.``, to the rooms of the lowest floor from which everything that it imports is
reached downstairs or on the level. A folder is one room, with everything inside it, unless a
module of it is named by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

PACKAGE = "swimtx"


@dataclass(frozen=True)
class Floor:
    """One floor: its number, its name, the rooms on it, and what those may hold."""

    number: int
    name: str
    rooms: tuple[str, ...]
    holds: str


FLOORS: tuple[Floor, ...] = (
    Floor(
        0,
        "words",
        ("errors", "member", "messages", "profiles", "config", "interfaces"),
        "Values that never change, and interfaces: standard library, attrs, zope.interface.",
    ),
    Floor(
        1,
        "rules",
        (
            "membership",
            "changes",
            "oneself",
            "roster",
            "probe_order",
            "evidence",
            "local_health",
            "keyring",
            "envelope",
            "wire",
            "counters",
            "questions",
            "seven_fields",
            "digest",
            "expectations",
            "regret",
            "ring",
            "schedule",
            "status",
        ),
        "Decisions and bytes. No clock and no socket; chance is handed in.",
    ),
    Floor(
        2,
        "news and patience",
        ("dissemination", "suspicion", "graded_suspicion", "tombstones", "self_check"),
        "What is told on and what is waited for. A clock, handed in.",
    ),
    Floor(
        3,
        "the post",
        ("protocol",),
        "Datagrams in, datagrams out; it knows no rule. A transport.",
    ),
    Floor(
        4,
        "conversations",
        (
            "failure_detector",
            "means",
            "probe_round",
            "second_stage",
            "canaries",
            "answering",
            "relaying",
            "verification",
            "gossip",
            "notices",
            "conflicts",
            "resurrection",
            "anti_entropy",
            "table_exchange",
            "paths",
            "pinging",
            "greeting",
            "strangers",
            "joining",
            "introduction",
            "renewal",
            "leaving",
            "judgement",
            "corrections",
            "monitors",
            "reassurance",
            "verdicts",
            "tripwires",
            "knocking",
        ),
        "Who asks whom, when, and what follows. A clock, the post, streams.",
    ),
    Floor(
        5,
        "one member",
        ("node", "detection", "parts"),
        "The wiring, and nothing but: here every component is made and introduced to the others.",
    ),
    Floor(
        6,
        "doors to the network",
        ("transports", "discovery", "bootstrap"),
        "Sockets, names and addresses.",
    ),
    Floor(
        7,
        "whole things",
        ("simulation", "testing", "agent"),
        "Groups in virtual time, doubles for other people's tests, the agent.",
    ),
    Floor(
        8,
        "doors to people",
        ("agent.tap", "agent.bootstrap_tap", "cli", "__main__"),
        "Command lines. The only floor that may import the global reactor.",
    ),
)

DOOR = PACKAGE
"""The package itself, by which users come in: it may import anything. It counts as the top floor
for whoever imports it, except for ``__version__``, which is a mere word."""

UPSTAIRS: dict[tuple[str, str], str] = {
    (
        "node",
        "transports",
    ): "the wiring knows every component, and UDP and TCP are what it wires by default",
    ("node", "discovery"): "the wiring turns the seeds that a user names into a source of seeds",
}
"""The imports that go upstairs all the same, room to room, and why."""

REACTOR_BY_DEFAULT: dict[str, str] = {
    "agent.service": "a service made without a reactor runs on the one that Twisted runs",
}
"""Modules below the top floor that import the global reactor when they are given none, and why.
They do it inside a function: importing them installs no reactor."""

WORDS_MAY_IMPORT = frozenset({"attr", "attrs", "zope"})
"""What floor 0 may import beside the standard library."""


def floor_of(module: str) -> Floor | None:
    """The floor of ``module`` (by its full name), or None when the table does not know it."""
    if module == DOOR:
        return FLOORS[-1]
    room = room_of(module)
    return next((floor for floor in FLOORS if room in floor.rooms), None)


def room_of(module: str) -> str | None:
    """The room that ``module`` is, or is inside of: the longest name in the table that fits."""
    rooms = {room for floor in FLOORS for room in floor.rooms}
    path = module.split(".")[1:]
    names = (".".join(path[:length]) for length in range(len(path), 0, -1))
    return next((name for name in names if name in rooms), None)
