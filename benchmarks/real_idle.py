"""The CPU time and memory of an idle member, against bare Twisted.

Beside a group of real members run as many bare Twisted processes that send each other the datagrams
of one probe per second: a request and its answer each, of the same sizes.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks.real_echo import cpu_seconds
from benchmarks.report import Figure, at_most, shown
from tests.faults.members import Members

MEMBERS = 8
CPU_BUDGET = 0.06  # seconds per member and minute
MEMORY_BUDGET = 50.0  # MiB
SETTLE = 15.0  # seconds until the members are idle after their start
_ROOT = Path(__file__).resolve().parent.parent


def measure(seconds: float = 60.0) -> list[Figure]:
    """The figures; takes C{seconds} and about half a minute more."""
    with ExitStack() as stack:
        bare = [stack.enter_context(_process()) for _ in range(MEMBERS)]
        ports = [_line(process) for process in bare]
        for process in bare:
            _tell(process, " ".join(ports))
        members = stack.enter_context(Members())
        _form(members)
        time.sleep(SETTLE)
        bare_pids = [process.pid for process in bare]
        member_pids = [member.process.pid for member in members.running.values()]
        before = [cpu_seconds(pid) for pid in bare_pids + member_pids]
        time.sleep(seconds)
        spent = [
            (cpu_seconds(pid) - was) * 60 / seconds
            for pid, was in zip(bare_pids + member_pids, before, strict=True)
        ]
        bare_spent, spent = spent[: len(bare_pids)], spent[len(bare_pids) :]
        memory, bare_memory = max(map(_resident, member_pids)), max(map(_resident, bare_pids))
        for process in bare:
            process.kill()
    mean, bare_mean = statistics.mean(spent), statistics.mean(bare_spent)
    each = ", ".join(f"{value:.3f}" for value in sorted(spent))
    return [
        at_most("idle", "CPU s a member and minute, mean of 8", mean, CPU_BUDGET, ".3f"),
        shown("idle", "each of them", each),
        shown("idle", "CPU s a minute, bare Twisted, same datagrams", f"{bare_mean:.3f}"),
        at_most("idle", "resident memory of a member, MiB", memory, MEMORY_BUDGET, ".1f"),
        shown("idle", "resident memory, bare Twisted, MiB", f"{bare_memory:.1f}"),
    ]


def _form(members: Members) -> None:
    """Start a group. No client connects to a member, as that would cost it memory and CPU time."""
    first = members.start("m1", "--port", "0")
    members.wait(members.listening, 60, "the first member")
    for number in range(2, MEMBERS + 1):
        members.start(f"m{number}", "--port", "0", "--join", f"127.0.0.1:{first.port}")
    members.wait(members.listening, 60, "all members to listen")

    def complete() -> bool:
        return all(
            len(set(re.findall(r"swimtx: (\S+) \(\S+\) joined", member.process.log())))
            == MEMBERS - 1
            for member in members.running.values()
        )

    members.wait(complete, 60, "all members to list all")


def _resident(pid: int) -> float:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


# The bare processes


def _process() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.real_bare", "exchange"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
    )


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _tell(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()
