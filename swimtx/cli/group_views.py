"""What each member of a small group believes, followed live over the control ports."""

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
    """A change that somebody saw."""

    by: str
    event: str
    member: str
    why: str


class GroupViews:
    """All members' lists, each kept up to date by a thread that reads its live stream.

    @ivar states: by observer, by member: the state that the one believes the other to be in.
    @ivar ever_failed: the members that anybody ever called failed.
    """

    def __init__(self) -> None:
        self.states: dict[str, dict[str, str]] = {}
        self.ever_failed: set[str] = set()
        self._heard_of: dict[tuple[str, str], float] = {}
        self._news: list[Seen] = []
        self._told: set[tuple[str, str, int, int]] = set()
        self._changed = threading.Condition()

    def follow(self, name: str, control: Path) -> None:
        """Follow one more observer from now on, for as long as its process lives.

        @raise CommandFailed: it does not answer.
        """
        agent = AgentClient(control)
        changes = agent.follow("monitor")
        with self._changed:
            self.states[name] = {}
        for member in agent.get("members"):
            self._note(name, member)
        threading.Thread(target=self._read, args=(name, changes), daemon=True).start()

    def forget(self, name: str) -> None:
        """Ask no more for the opinion of somebody who is gone."""
        with self._changed:
            self.states.pop(name, None)

    def snapshot(self) -> dict[str, dict[str, str]]:
        """A copy of L{states} as they are now."""
        with self._changed:
            return {observer: dict(seen) for observer, seen in self.states.items()}

    def news(self) -> list[Seen]:
        """What was seen since the last call, by whoever saw each change first."""
        with self._changed:
            news, self._news = self._news, []
        return news

    def acquainted_after(self) -> float:
        """How many seconds after the last one had started everybody had heard of everybody."""
        with self._changed:
            heard = self._heard_of.items()
            started = max(when for (observer, member), when in heard if observer == member)
            return max(when for _, when in heard) - started

    def say(self, observers: Iterable[str], member: str, state: str) -> bool:
        """Whether all these observers believe the member to be in that state."""
        with self._changed:
            return all(self.states.get(name, {}).get(member) == state for name in observers)

    def wait(self, agreed: Callable[[], bool], until: float, meanwhile: Callable[[], None]) -> bool:
        """Wait until C{agreed()}; look whenever somebody saw something.

        @param until: the monotonic time at which to give up.
        @param meanwhile: called now and then.
        @return: whether it came to that.
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
            pass  # it was killed

    def _note(
        self,
        name: str,
        member: dict[str, Any],
        change: dict[str, Any] | None = None,
    ) -> None:
        with self._changed:
            states = self.states.get(name)
            if states is None:
                return
            states[member["name"]] = member["state"]
            self._heard_of.setdefault((name, member["name"]), member["since"])
            if member["state"] == "failed":
                self.ever_failed.add(member["name"])
            if change is not None:
                what = (change["event"], member["name"], member["epoch"], member["incarnation"])
                if what not in self._told:
                    self._told.add(what)
                    self._news.append(Seen(name, change["event"], member["name"], change["why"]))
            self._changed.notify_all()
