"""Temporary faults of members of a simulated group: slow processes, frozen hosts, partitions."""

from __future__ import annotations

from collections.abc import Iterable

from swimtx.simulation.clock import VirtualClock
from swimtx.simulation.history import Run
from swimtx.simulation.network import MemoryNetwork


class GroupFaults:
    """The faults of members, by their keys; C{network} has the faults of hosts and paths."""

    clock: VirtualClock
    network: MemoryNetwork
    runs: dict[str, list[Run]]

    def hosts(self, keys: str | Iterable[str]) -> list[str]:
        """The host addresses of some members, for the faults of C{network}."""
        return [self.runs[key][-1].host for key in ([keys] if isinstance(keys, str) else keys)]

    def stall(self, key: str, seconds: float) -> None:
        """Stall the process for C{seconds}, like a stopped or starved process."""
        process = self.runs[key][-1].process
        process.stall()
        self.clock.post(seconds, process.resume)

    def freeze_io(self, key: str, seconds: float) -> None:
        """Keep the process from sending and reading for C{seconds}, while its timers fire."""
        process = self.runs[key][-1].process
        process.freeze_io()
        self.clock.post(seconds, process.resume)

    def block_sends(self, key: str, seconds: float) -> None:
        """As L{freeze_io}, and each send blocks its caller, as in Lifeguard's experiments."""
        process = self.runs[key][-1].process
        process.block_sends()
        self.clock.post(seconds, process.resume)

    def freeze_host(self, key: str, seconds: float) -> None:
        """Stop the host with its kernel for C{seconds}, like a virtual machine that is migrated."""
        hosts = self.hosts(key)
        self.network.unplug(hosts)
        self.clock.post(seconds, self.network.plug_in, hosts)
        self.stall(key, seconds)

    def partition(self, *sides: Iterable[str]) -> None:
        """Let only members of one side reach each other; members on no side form one more."""
        self.network.partition(*(self.hosts(side) for side in sides))

    def heal(self) -> None:
        """Undo the partition, and all cuts of the network."""
        self.network.heal()
