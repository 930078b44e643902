"""What can befall the members of a simulated group for a while: slowness, frozen hosts, splits."""

from __future__ import annotations

from collections.abc import Iterable

from swimtx.simulation.clock import VirtualClock
from swimtx.simulation.history import Run
from swimtx.simulation.network import MemoryNetwork


class GroupFaults:
    """The faults of a group by its members' keys; others are made with its C{network}."""

    clock: VirtualClock
    network: MemoryNetwork
    runs: dict[str, list[Run]]

    def hosts(self, keys: str | Iterable[str]) -> list[str]:
        """The hosts of some members, as the network's faults take them."""
        return [self.runs[key][-1].host for key in ([keys] if isinstance(keys, str) else keys)]

    def stall(self, key: str, seconds: float) -> None:
        """Have the process do nothing for so long, like one that was stopped or starved."""
        process = self.runs[key][-1].process
        process.stall()
        self.clock.post(seconds, process.resume)

    def freeze_io(self, key: str, seconds: float) -> None:
        """Have the process send and read nothing for so long, while its timers fire."""
        process = self.runs[key][-1].process
        process.freeze_io()
        self.clock.post(seconds, process.resume)

    def block_sends(self, key: str, seconds: float) -> None:
        """As L{freeze_io}, and a send blocks its caller, as in Lifeguard's experiments."""
        process = self.runs[key][-1].process
        process.block_sends()
        self.clock.post(seconds, process.resume)

    def freeze_host(self, key: str, seconds: float) -> None:
        """Stop the host with its kernel, as a machine that is moved: nothing is accepted."""
        hosts = self.hosts(key)
        self.network.unplug(hosts)
        self.clock.post(seconds, self.network.plug_in, hosts)
        self.stall(key, seconds)

    def partition(self, *sides: Iterable[str]) -> None:
        """Only members of one side reach each other; those who are on none are one more side."""
        self.network.partition(*(self.hosts(side) for side in sides))

    def heal(self) -> None:
        """Undo the partition."""
        self.network.heal()
