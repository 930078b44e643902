"""Bare Twisted processes as a baseline for swimtx. Nothing of swimtx is imported here.

``python -m benchmarks.real_bare echo`` sends back every datagram. ``... exchange`` reads a line of
ports, then sends one of them a request a second and answers each request; it ends with its
standard input. Both print the port that they listen on.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable
from typing import Any

from twisted.internet.protocol import DatagramProtocol

REQUEST, ANSWER = 76, 62  # bytes, as of a PING and an ACK of members with short names


class Echo(DatagramProtocol):
    """Sends each datagram back."""

    noisy = False

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        """Send one datagram back."""
        self.transport.write(datagram, addr)  # type: ignore[union-attr]


class Exchange(DatagramProtocol):
    """Answers requests, with as many bytes as an ACK has."""

    noisy = False

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        """Answer a request; ignore an answer."""
        if len(datagram) == REQUEST:
            self.transport.write(bytes(ANSWER), addr)  # type: ignore[union-attr]


def serve(kind: str) -> None:
    """Listen, print the port, and run until killed or until the standard input ends."""
    from twisted.internet import reactor

    running: Any = reactor
    protocol = Echo() if kind == "echo" else Exchange()
    port = running.listenUDP(0, protocol, interface="127.0.0.1")
    print(port.getHost().port, flush=True)
    if kind == "exchange":
        _ask_each_second(running, port)
    running.run()


def _ask_each_second(running: Any, own: Any) -> None:
    from twisted.internet.stdio import StandardIO
    from twisted.internet.task import LoopingCall
    from twisted.protocols.basic import LineOnlyReceiver

    def begin(ports: Iterable[int]) -> None:
        others = [("127.0.0.1", port) for port in ports if port != own.getHost().port]
        LoopingCall(lambda: own.write(bytes(REQUEST), random.choice(others))).start(1.0)

    class Input(LineOnlyReceiver):
        delimiter = b"\n"

        def lineReceived(self, line: bytes) -> None:
            begin(map(int, line.split()))

        def connectionLost(self, reason: Any = None) -> None:
            if running.running:
                running.stop()

    StandardIO(Input(), reactor=running)


if __name__ == "__main__":
    serve(sys.argv[1])
