"""What can go wrong, as exceptions that a caller may catch."""

from __future__ import annotations

from collections.abc import Mapping


class SwimError(Exception):
    """The base of every error that swimtx raises on purpose."""


class BadConfig(SwimError, ValueError):
    """A configuration contradicts itself, or a value leaves its limits; the text says why."""


class Malformed(SwimError, ValueError):
    """Bytes from the network that are no message of ours. ``decode`` raises nothing else.

    @ivar reason: a short word to count by, such as C{"claim"} or C{"truncated"}.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


class JoinFailed(SwimError):
    """No seed answered.

    @ivar tried: why, by seed (C{"host:port"}).
    """

    def __init__(self, tried: Mapping[str, str]) -> None:
        listed = "; ".join(f"{seed}: {why}" for seed, why in tried.items())
        super().__init__(f"no seed answered ({listed or 'none was given'})")
        self.tried = dict(tried)


class NotRunning(SwimError):
    """The operation needs something that has been started and has not been stopped."""


class HasLeft(NotRunning):
    """The node has left its group; to be part of it again it has to be stopped and started."""


class AlreadyRunning(SwimError):
    """It was started before, and has not been stopped since."""


class NoSuchMember(SwimError, KeyError):
    """Nobody of that name is in the member list."""

    def __str__(self) -> str:
        return f"no member is called {self.args[0]!r}"


class NoAnswer(SwimError):
    """A member was asked and did not answer in time."""
