"""The base of the stories: groups that have formed, and checks that many stories share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from swimtx import Event, State
from swimtx.simulation import Announced, Group


class Story(SynchronousTestCase):
    """A test case for groups."""

    def formed(self, size: int, seed: object = 1, **settings: Any) -> Group:
        """A group whose members list each other, 5 seconds after it formed."""
        group = Group(size, seed, **settings)
        group.start()
        self.until(group, group.everybody_lists, 30)
        group.run_for(5)
        return group

    def until(self, group: Group, holds: Any, bound: float) -> float:
        """Let time pass until C{holds()}; return the seconds, or fail after C{bound} seconds."""
        began = group.now
        if not group.run_until(holds, bound):
            self.fail(f"it does not hold after {bound} s; {self.deviations(group)}"[:2000])
        return group.now - began

    def deviations(self, group: Group) -> str:
        """For each member, the running members that it misses, and those listed as not alive."""
        running = group.running
        said = []
        for key in running:
            states = {member.name: member.state for member in group.nodes[key].membership.members()}
            missing = [name for name in running if name not in states]
            others = [f"{name} {s.value}" for name, s in states.items() if s is not State.ALIVE]
            if missing or others:
                said.append(f"{key}: {', '.join(others)}; does not know {', '.join(missing)}")
        return "\n".join(said)

    def all_list(
        self, group: Group, names: str | Iterable[str], state: State, bound: float
    ) -> None:
        """Check that each running member lists these names in a state within C{bound} seconds."""
        self.until(group, lambda: group.everybody_lists(names, state), bound)

    def no_wrong_failures(self, group: Group) -> None:
        """Check that no member was declared failed while its process ran."""
        self.assertEqual(group.wrongly_failed(), [])


def events(
    group: Group, about: str, *kinds: Event, by: str | None = None, since: float = 0.0
) -> list[Announced]:
    """The announcements about one member, of these events if any are given."""
    return [
        announced
        for announced in group.history
        if announced.about == about
        and announced.time >= since
        and (not kinds or announced.event in kinds)
        and (by is None or announced.by == by)
    ]
