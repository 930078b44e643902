"""The member lists of all members of a small group, followed live over the control ports."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from swimtx.cli.agent_client import AgentClient
from swimtx.cli.errors import CommandFailed


@dataclass(frozen=True)
class Seen:
    """A change, as the member C{by} reported it."""

    by: str
    event: str
    member: str
    why: str


class GroupViews:
    """The member lists of all observers, each kept up to date by a thread that reads its stream.

    @ivar states: C{{observer: {member: state}}}, all of them names.
    @ivar ever_failed: the members that any observer has ever listed as failed.
    """

    def __init__(self) -> None:
        self.states: dict[str, dict[str, str]] = {}
        self.ever_failed: set[str] = set()
        self._listed_since: dict[tuple[str, str], float] = {}
        self._news: list[Seen] = []
        self._reported: set[tuple[str, str, int, int]] = set()
        self._changed = threading.Condition()

    def follow(self, name: str, control: Path) -> None:
        """Follow one more observer, until its process ends.

        @raise CommandFailed: the observer does not answer.
        """
        agent = AgentClient(control)
        changes = agent.follow("monitor")
        with self._changed:
            self.states[name] = {}
        for member in agent.get("members"):
            self._note(name, member)
        threading.Thread(target=self._read, args=(name, changes), daemon=True).start()

    def forget(self, name: str) -> None:
        """Drop the list of an observer that ends."""
        with self._changed:
            self.states.pop(name, None)

    def snapshot(self) -> dict[str, dict[str, str]]:
        """A copy of L{states} as they are now."""
        with self._changed:
            return {observer: dict(seen) for observer, seen in self.states.items()}

    def news(self) -> list[Seen]:
        """The changes since the last call, each from the observer that reported it first."""
        with self._changed:
            news, self._news = self._news, []
        return news

    def acquainted_after(self) -> float:
        """Seconds from the start of the last member until all members listed all members."""
        with self._changed:
            listed = self._listed_since.items()
            started = max(when for (observer, member), when in listed if observer == member)
            return max(when for _, when in listed) - started

    def say(self, observers: Iterable[str], member: str, state: str) -> bool:
        """Whether all the observers list the member in this state."""
        with self._changed:
            return all(self.states.get(name, {}).get(member) == state for name in observers)

    def wait(self, agreed: Callable[[], bool], until: float, meanwhile: Callable[[], None]) -> bool:
        """Wait until C{agreed()}; test it after each change and every 0.1 s.

        @param until: the monotonic time at which to give up.
        @param meanwhile: called between the tests, and at the end.
        @return: whether it was true before C{until}.
        """
        while not agreed():
            meanwhile()
            left = until - time.monotonic()
            if left <= 0:
                return False
            with self._changed:
                self._changed.wait(min(left, 0.1))
        meanwhile()
        return True

    def _read(self, name: str, changes: Iterable[Any]) -> None:
        try:
            for change in changes:
                self._note(name, change["member"], change)
        except CommandFailed:
            pass  # the observer has ended

    def _note(
        self, name: str, member: dict[str, Any], change: dict[str, Any] | None = None
    ) -> None:
        with self._changed:
            states = self.states.get(name)
            if states is None:
                return
            states[member["name"]] = member["state"]
            self._listed_since.setdefault((name, member["name"]), member["since"])
            if member["state"] == "failed":
                self.ever_failed.add(member["name"])
            if change is not None:
                key = (change["event"], member["name"], member["epoch"], member["incarnation"])
                if key not in self._reported:
                    self._reported.add(key)
                    self._news.append(Seen(name, change["event"], member["name"], change["why"]))
            self._changed.notify_all()
