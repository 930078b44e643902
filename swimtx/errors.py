"""The exceptions of swimtx, which callers may catch."""

from __future__ import annotations

from collections.abc import Mapping


class SwimError(Exception):
    """The base class of all errors that swimtx defines."""


class BadConfig(SwimError, ValueError):
    """A setting has a wrong type or value, or contradicts another; the text says which and why."""


class Malformed(SwimError, ValueError):
    """Received bytes are not a valid message. The decoder raises no other error.

    @ivar reason: the part that is malformed, in a word by which errors are counted, such as
        C{"claim"} or C{"truncated"}.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


class JoinFailed(SwimError):
    """No seed answered within C{join_timeout} seconds.

    @ivar tried: from each seed (C{"host:port"}) to the reason, as a text.
    """

    def __init__(self, tried: Mapping[str, str]) -> None:
        listed = "; ".join(f"{seed}: {why}" for seed, why in tried.items())
        super().__init__(f"no seed answered ({listed or 'none was given'})")
        self.tried = dict(tried)


class NotRunning(SwimError):
    """The operation needs a node or service that runs."""


class HasLeft(NotRunning):
    """The node has left its group; it can join again once it was stopped and started."""


class AlreadyRunning(SwimError):
    """The node runs already, so it cannot be started."""


class NoSuchMember(SwimError, KeyError):
    """No other member of that name is in the member list."""

    def __str__(self) -> str:
        return f"no member is called {self.args[0]!r}"


class NoAnswer(SwimError):
    """A member did not answer in time."""
