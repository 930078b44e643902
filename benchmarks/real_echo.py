"""The CPU time of a member that answers PINGs, against a bare Twisted UDP echo.

Each runs as a process of its own on loopback. A third process with a plain socket keeps 32
datagrams in flight, encoded once; only the CPU time of the answering process counts.
"""

from __future__ import annotations

import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.report import Figure, at_least, shown
from swimtx.addresses import Address
from swimtx.wire.codec import encode
from swimtx.wire.messages import MessageType
from tests.messages import message_of

IN_FLIGHT = 32
BUDGET = 0.4  # of the echo's datagrams per CPU second
_ECHO = ("benchmarks.real_bare", "echo")
_MEMBER = ("benchmarks.real_echo",)
_ROOT = Path(__file__).resolve().parent.parent


def measure(repeats: int = 15, seconds: float = 0.4) -> list[Figure]:
    """The figures; in short alternating turns, as the speed of a machine changes all the time."""
    with _answering(*_ECHO) as echo, _answering(*_MEMBER) as node:
        ratios, echoed, answered = [], [], []
        for _ in range(repeats):
            echoed.append(echo.per_cpu_second(seconds))
            answered.append(node.per_cpu_second(seconds))
            ratios.append(answered[-1] / echoed[-1])
    spread = ", ".join(f"{ratio:.2f}" for ratio in sorted(ratios))
    cost = 1e6 / statistics.median(answered)
    bare = 1e6 / statistics.median(echoed)
    return [
        at_least("echo", "PING answered / bare echo", statistics.median(ratios), BUDGET, ".3f"),
        shown("echo", "that ratio in each repeat", spread),
        shown("echo", "CPU of a PING answered, us", f"{cost:.2f}"),
        shown("echo", "CPU of a bare echo, us", f"{bare:.2f}"),
    ]


class Answering:
    """A process that answers datagrams, measured from outside."""

    def __init__(self, pid: int, port: int, datagrams: list[bytes]) -> None:
        self._pid = pid
        self._port = port
        self._datagrams = datagrams

    def per_cpu_second(self, seconds: float) -> float:
        """The number of datagrams that it answers per second of its CPU time."""
        before = cpu_seconds(self._pid)
        answers = _send_for(seconds, self._port, self._datagrams)
        return answers / (cpu_seconds(self._pid) - before)


def cpu_seconds(pid: int) -> float:
    """The CPU time in seconds that a process of one thread has used, to the nanosecond."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


@contextmanager
def _answering(*module: str) -> Iterator[Answering]:
    """A process that prints its port and, if it is a member, its epoch."""
    process = subprocess.Popen([sys.executable, "-m", *module], stdout=subprocess.PIPE, cwd=_ROOT)
    try:
        assert process.stdout is not None
        port, epoch, *_ = (*map(int, process.stdout.readline().split()), 0)
        datagrams = [_ping(sequence, epoch) for sequence in range(1, IN_FLIGHT + 1)]
        yield Answering(process.pid, port, datagrams)
    finally:
        process.kill()
        process.wait()


def _ping(sequence: int, epoch: int) -> bytes:
    """A PING as a member sends it to another whose record it knows."""
    return encode(
        message_of(
            MessageType.PING,
            "asking",
            Address("127.0.0.1", 9),
            epoch=int(time.time() * 1000),
            cluster="default",
            sequence=sequence,
            target="answering",
            target_epoch=epoch,
        )
    )


def _send_for(seconds: float, port: int, datagrams: list[bytes]) -> int:
    """Keep all datagrams in flight for C{seconds}, and return the number of answers."""
    answers = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", port))
        sock.settimeout(0.5)
        ends = time.monotonic() + seconds
        for datagram in datagrams:
            sock.send(datagram)
        while time.monotonic() < ends:
            for datagram in datagrams:
                sock.recv(2048)
                sock.send(datagram)
            answers += len(datagrams)
        for _ in datagrams:
            sock.recv(2048)
    return answers + len(datagrams)


def _serve() -> None:
    """Run the answering member: print its port and epoch, and answer until killed."""
    from twisted.internet import reactor

    from swimtx import Config, Node

    running: Any = reactor
    node = Node(running, Config.local(name="answering", port=0))
    started = node.start()
    started.addCallback(
        lambda _: print(node.address.port, node._parts.membership.local.epoch, flush=True)
    )
    running.run()


if __name__ == "__main__":
    _serve()
