"""The hashes of C{tests.traces}, and its command."""

from __future__ import annotations

import io
from contextlib import redirect_stdout

from swimtx.simulation import Group
from tests import traces
from tests.stories.scenes import Story


def short(group: Group) -> None:
    """One process is killed."""
    group.kill("n2")
    group.run_for(2)


class TraceTests(Story):
    def test_two_runs_of_a_story_with_one_seed_have_the_same_hashes(self) -> None:
        self.assertEqual(traces.trace(short, 3, 1), traces.trace(short, 3, 1))

    def test_two_runs_of_a_story_with_different_seeds_have_different_hashes(self) -> None:
        one, other = traces.trace(short, 3, 1), traces.trace(short, 3, 2)
        self.assertNotEqual(one.sent, other.sent)
        self.assertNotEqual(one.announced, other.announced)

    def test_a_change_of_tags_changes_the_hash_of_the_datagrams(self) -> None:
        def tagged(group: Group) -> None:
            group.kill("n2")
            group.run_for(1.999)
            group.nodes["n1"].set_tags({"role": "web"})
            group.run_for(0.001)

        self.assertNotEqual(traces.trace(short, 3, 1).sent, traces.trace(tagged, 3, 1).sent)

    def test_the_command_prints_a_line_for_each_story_size_and_seed(self) -> None:
        output = io.StringIO()
        with redirect_stdout(output):
            traces.main(["kill", "--size", "9"])
        lines = output.getvalue().splitlines()
        self.assertEqual(len(lines), len(traces.SEEDS) + 1)
        for seed, line in zip(traces.SEEDS, lines, strict=False):
            self.assertRegex(line, rf"^kill +N=9 +seed {seed} +sent \w{{16}} +announced \w{{16}} ")
