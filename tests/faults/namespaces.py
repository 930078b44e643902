"""A small network of network namespaces, and faults in it.

One namespace holds a bridge, each of the others is a host with one address on it. All of them are
made here and named after this process; nothing outside them is changed. Needs root, ip and nft.
"""

from __future__ import annotations

import atexit
import itertools
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_PREFIX = "swimtx"
_MOST_HOSTS = 64
_COUNT = itertools.count()


def lacking() -> str | None:
    """The reason why this machine cannot make such a network; C{None} if it can."""
    if os.geteuid() != 0:
        return "needs root, to make network namespaces"
    for tool in ("ip", "nft"):
        if shutil.which(tool) is None:
            return f"needs the tool {tool}"
    probe = f"{_PREFIX}-{os.getpid()}-probe"
    try:
        _run("ip", "netns", "add", probe)
        try:
            _run("ip", "netns", "exec", probe, "nft", "-f", "-", given="table inet probe {}")
        finally:
            _run("ip", "netns", "delete", probe)
    except CannotSetUp as error:
        return f"needs root that may make network namespaces: {error}"
    return None


class CannotSetUp(Exception):
    """A tool failed; the text is its message."""


@dataclass(frozen=True, slots=True)
class Host:
    """One namespace and its address.

    @ivar prefix: the command that runs another command in the namespace.
    """

    namespace: str
    address: str

    @property
    def prefix(self) -> tuple[str, ...]:
        return ("ip", "netns", "exec", self.namespace)


class Network:
    """Hosts that reach each other until a fault is injected.

    Call C{close()} after the processes inside have ended; the interpreter calls it at its exit. The
    constructor removes the namespaces that a killed run has left.

    @ivar hosts: in the order of their addresses.
    """

    def __init__(self, hosts: int) -> None:
        if not 0 < hosts <= _MOST_HOSTS:
            raise ValueError(f"a network has 1 to {_MOST_HOSTS} hosts, not {hosts}")
        _remove_leftovers()
        base = f"{_PREFIX}-{os.getpid()}-{next(_COUNT)}"
        self._hub = f"{base}-hub"
        self.hosts = [Host(f"{base}-{i}", f"10.77.0.{i}") for i in range(1, hosts + 1)]
        self._made: list[str] = []
        atexit.register(self.close)
        try:
            self._build()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Remove all namespaces. A second call does nothing."""
        made, self._made = self._made, []
        for namespace in made:
            subprocess.run(["ip", "netns", "delete", namespace], check=False, capture_output=True)
        atexit.unregister(self.close)

    # Faults. Each host drops incoming packets, so a rule affects only the hosts that have it.

    def split(self, *groups: Sequence[Host]) -> None:
        """Drop all packets between hosts of different groups."""
        for group in groups:
            others = [h.address for other in groups if other is not group for h in other]
            for host in group:
                self.drop([host], f"ip saddr {{ {', '.join(others)} }}")

    def lose(self, percent: int) -> None:
        """Drop this percentage of all incoming packets at random, on every host."""
        self.drop(self.hosts, f"numgen random mod 100 < {percent}")

    def block(self, protocol: str) -> None:
        """Drop all packets of a protocol, C{udp} or C{tcp}, on every host."""
        self.drop(self.hosts, f"meta l4proto {protocol}")

    def drop(self, hosts: Iterable[Host], what: str) -> None:
        """Drop the incoming packets of these hosts that match an nft expression."""
        self._rule(hosts, f"{what} drop")

    def refuse(self, hosts: Iterable[Host]) -> None:
        """Have these hosts refuse every new stream with a reset, as some firewalls do."""
        self._rule(hosts, "tcp flags & (syn | ack) == syn reject with tcp reset")

    def _rule(self, hosts: Iterable[Host], rule: str) -> None:
        rules = (
            "table inet faults {\n"
            " chain incoming {\n"
            "  type filter hook input priority 0; policy accept;\n"
            f'  iifname "eth0" {rule}\n'
            " }\n"
            "}\n"
        )
        for host in hosts:
            _run(*host.prefix, "nft", "-f", "-", given=rules)

    def heal(self) -> None:
        """Remove all rules: every packet arrives again."""
        for host in self.hosts:
            _run(*host.prefix, "nft", "flush", "ruleset")

    def take_link_down(self, host: Host) -> None:
        """Set a host's link down."""
        _run("ip", "-n", host.namespace, "link", "set", "eth0", "down")

    def bring_link_up(self, host: Host) -> None:
        """Set a host's link up again."""
        _run("ip", "-n", host.namespace, "link", "set", "eth0", "up")

    # Setting up

    def _build(self) -> None:
        self._add(self._hub)
        _run("ip", "-n", self._hub, "link", "add", "bridge", "type", "bridge")
        _run("ip", "-n", self._hub, "link", "set", "bridge", "up")
        for number, host in enumerate(self.hosts, 1):
            self._add(host.namespace)
            at = f"port{number}"
            _run(
                *("ip", "link", "add", "eth0", "netns", host.namespace, "type", "veth"),
                *("peer", "name", at, "netns", self._hub),
            )
            _batch(self._hub, f"link set {at} master bridge", f"link set {at} up")
            _batch(
                host.namespace,
                "link set lo up",
                f"address add {host.address}/24 dev eth0",
                "link set eth0 up",
            )

    def _add(self, namespace: str) -> None:
        _run("ip", "netns", "add", namespace)
        self._made.append(namespace)


def _remove_leftovers() -> None:
    """Remove namespaces that are named after processes that have ended."""
    for line in _run("ip", "netns", "list").splitlines():
        found = re.match(rf"({_PREFIX}-(\d+)-[a-z0-9]+(?:-[a-z0-9]+)?)\b", line)
        if found and not os.path.exists(f"/proc/{found[2]}"):
            subprocess.run(["ip", "netns", "delete", found[1]], check=False, capture_output=True)


def _batch(namespace: str, *commands: str) -> None:
    _run("ip", "-n", namespace, "-batch", "-", given="\n".join(commands) + "\n")


def _run(*command: str, given: str = "") -> str:
    """Run a command and return its output.

    @raise CannotSetUp: the command failed.
    """
    try:
        done = subprocess.run(
            command, input=given, capture_output=True, text=True, check=False, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotSetUp(f"{' '.join(command)}: {error}") from None
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[0]
        raise CannotSetUp(f"{' '.join(command)}: {said}")
    return done.stdout
