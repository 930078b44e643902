"""What a control port needs of the service that it commands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from twisted.internet.defer import Deferred


class IControlled(Protocol):
    """The service of one member."""

    node: Any

    @property
    def joined(self) -> bool:
        """Whether it is part of a group now."""

    def join(self, seeds: Sequence[Any]) -> Deferred[Any]:
        """Ask these seeds, once. A Deferred of the membership; fails with C{JoinFailed}."""

    def leave(self) -> Deferred[None]:
        """Leave the group, and go on running."""
