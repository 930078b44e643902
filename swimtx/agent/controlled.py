"""The interface of the service that a control port commands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from twisted.internet.defer import Deferred


class IControlled(Protocol):
    """The service of one member."""

    node: Any

    @property
    def joined(self) -> bool:
        """Whether the member is part of a group now."""

    def join(self, seeds: Sequence[Any]) -> Deferred[Any]:
        """Ask these seeds once.

        @return: fires with the membership; fails with C{JoinFailed} when no seed answers, with
            C{ValueError} when a seed is malformed, with C{NotRunning} when the service is stopped.
        """

    def leave(self) -> Deferred[None]:
        """Leave the group; the service goes on running.

        @return: fires when the others know; fails with C{NotRunning} when the service is stopped.
        """
