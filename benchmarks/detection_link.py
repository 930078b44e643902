"""How soon real processes know that one host is cut off, on networks of namespaces."""

from __future__ import annotations

import time

from benchmarks.detection_group import Course, picked, run, take, until_told, wrongs
from benchmarks.report import CannotMeasure, Figure, exactly
from tests.faults.namespaces import lacking
from tests.faults.scenes import Scene

LINK_WITHIN = {"lan": 8.0, "local": 6.0, "wan": 60.0}  # seconds
BLIP = 3.0
_SETTLED = 6.0


def link(count: int, times: int, profile: str) -> list[Figure]:
    """The link of one after the other is down. Each is replaced by a new run afterwards."""
    part, course = f"link N={count} {profile}", Course()
    scene = _scene(count, profile)
    try:
        members = scene.members
        run(scene, scene.form())
        run(scene, scene.pass_time(_SETTLED))
        for victim in picked(scene.first[1:], times):  # the first is the seed of the others
            mark, at = len(members.heard), time.time()
            scene.network.pull_cable(scene.hosts[victim])
            alone = members.running.pop(victim)
            run(scene, until_told(members, "failed", victim, mark))
            take(course, members, "failed", victim, mark, at)
            course.wrong += wrongs(members, mark, [victim], at)
            # A new run, as one that comes back within its run would make the others more patient.
            alone.let_go()
            alone.process.kill()
            scene.network.plug_in(scene.hosts[victim])
            run(scene, scene.join(victim))
            run(scene, scene.pass_time(_SETTLED))
    finally:
        scene.close()
    return course.figures(part, "link down", LINK_WITHIN[profile])


def blip(count: int, times: int, profile: str = "lan") -> list[Figure]:
    """The link of one after the other is down for three seconds: nobody is declared failed."""
    part, wrong = f"blip N={count} {profile} {BLIP:g} s", 0
    scene = _scene(count, profile)
    try:
        run(scene, scene.form())
        run(scene, scene.pass_time(_SETTLED))
        for victim in picked(scene.first, times):
            mark = len(scene.members.heard)
            scene.network.pull_cable(scene.hosts[victim])
            run(scene, scene.pass_time(BLIP))
            scene.network.plug_in(scene.hosts[victim])
            run(scene, scene.pass_time(_SETTLED))
            wrong += len(scene.members.told("failed", mark))
            run(scene, scene.until_held(scene.first, "alive"))
    finally:
        scene.close()
    return [exactly(part, f"{times} blips: verdicts", wrong, 0)]


def _scene(count: int, profile: str) -> Scene:
    reason = lacking()
    if reason is not None:
        raise CannotMeasure(reason)
    return Scene(count, options=("--profile", profile))
