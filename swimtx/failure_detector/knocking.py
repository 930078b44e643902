"""What stands in for tripwires where something on the way closes idle streams.

A refusal proves that a process is gone only if its port is known to accept, and tripwires are what
finds that out. Without them each member knocks once at its ring successors: a stream, a PING, and
closed again. Whoever has told that its port accepts is left in peace.
"""

from __future__ import annotations

from typing import Any

from swimtx.failure_detector.tripwires import Tripwires
from swimtx.membership.claim import Claim


class StreamPortCheck(Tripwires):
    """Opens the streams of tripwires, where they can teach something, and holds none."""

    def _dial(self, claim: Claim) -> None:
        if not claim.streams:
            super()._dial(claim)

    def _opened(self, claim: Claim, stream: Any) -> None:
        self._greet(claim, stream)
        stream.close()
        self._again(claim.name)  # unless it says by then that it has accepted
