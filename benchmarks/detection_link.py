"""Detection times of real processes on networks of namespaces, of which one host's link is down."""

from __future__ import annotations

import time

from benchmarks.detection_group import Results, picked, run, take, until_reported, wrongs
from benchmarks.report import CannotMeasure, Figure, exactly
from tests.faults.namespaces import lacking
from tests.faults.scenes import Scene

LINK_WITHIN = {"lan": 8.0, "local": 6.0, "wan": 60.0}  # seconds
BLIP = 3.0  # seconds that a link is down
_SETTLED = 6.0


def link(count: int, times: int, profile: str) -> list[Figure]:
    """Set the link of one host after the other down; restart its member afterwards."""
    part, results = f"link N={count} {profile}", Results()
    scene = _scene(count, profile)
    try:
        members = scene.members
        run(scene, scene.form())
        run(scene, scene.pass_time(_SETTLED))
        for victim in picked(scene.first[1:], times):  # the first is the seed of the others
            mark, at = len(members.reported), time.time()
            scene.network.take_link_down(scene.hosts[victim])
            alone = members.running.pop(victim)
            run(scene, until_reported(members, "failed", victim, mark))
            take(results, members, "failed", victim, mark, at)
            results.wrong += wrongs(members, mark, [victim], at)
            # A new run: a return within the run would lengthen the next suspicion timeouts.
            alone.unfollow()
            alone.process.kill()
            scene.network.bring_link_up(scene.hosts[victim])
            run(scene, scene.join(victim))
            run(scene, scene.pass_time(_SETTLED))
    finally:
        scene.close()
    return results.figures(part, "link down", LINK_WITHIN[profile])


def blip(count: int, times: int, profile: str = "lan") -> list[Figure]:
    """Set one link after the other down for three seconds: no member is declared failed."""
    part, wrong = f"blip N={count} {profile} {BLIP:g} s", 0
    scene = _scene(count, profile)
    try:
        run(scene, scene.form())
        run(scene, scene.pass_time(_SETTLED))
        for victim in picked(scene.first, times):
            mark = len(scene.members.reported)
            scene.network.take_link_down(scene.hosts[victim])
            run(scene, scene.pass_time(BLIP))
            scene.network.bring_link_up(scene.hosts[victim])
            run(scene, scene.pass_time(_SETTLED))
            wrong += len(scene.members.changes_of("failed", mark))
            run(scene, scene.until_listed(scene.first, "alive"))
    finally:
        scene.close()
    return [exactly(part, f"{times} blips: verdicts", wrong, 0)]


def _scene(count: int, profile: str) -> Scene:
    reason = lacking()
    if reason is not None:
        raise CannotMeasure(reason)
    return Scene(count, options=("--profile", profile))
