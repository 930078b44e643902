"""Two processes under one name: both hear of it, and neither drives the other out."""

from __future__ import annotations

from dataclasses import replace

from swimtx import Event, State
from swimtx.addresses import Address
from tests.stories.scenes import Story, events


class ConflictStories(Story):
    def test_both_sides_hear_of_the_conflict_and_the_first_keeps_its_name(self) -> None:
        group = self.formed(6)
        group.add("impostor", name="n3")
        group.run_for(30)
        conflicts = {a.by for a in events(group, "n3", Event.CONFLICT)}
        self.assertIn("n3", conflicts)
        self.assertIn("impostor", conflicts)
        for key in ("n1", "n2", "n4", "n5", "n6"):
            found = group.nodes[key].membership.get("n3")
            assert found is not None
            self.assertEqual((found.address, found.state), ("10.0.0.3", State.ALIVE), key)
        self.assertEqual(events(group, "n3", Event.FAILED), [])

    def test_a_conflict_is_told_rarely_however_long_it_lasts(self) -> None:
        group = self.formed(6)
        group.add("impostor", name="n3")
        group.run_for(180)
        for key in group.running:
            said = events(group, "n3", Event.CONFLICT, by=key)
            self.assertLess(len(said), 8, key)

    def test_two_that_reach_the_group_but_not_each_other_do_not_outbid_each_other(self) -> None:
        group = self.formed(6)
        group.partition(["n1", "n2", "n3"], ["n4", "n5", "n6"])
        group.run_for(40)
        group.seeds = [group.address("n5")]
        group.add("other", name="n3")
        first, second = group.address("n3")[0], group.address("other")[0]
        group.partition(["n1", "n2", "n3"], ["n4", "n5", "n6", "other"])
        group.run_for(20)
        group.heal()
        group.network.cut(first, second)
        group.network.cut(second, first)
        group.run_for(180)
        for key in ("n3", "other"):
            self.assertLess(group.nodes[key]._parts.membership.refutations, 8, key)
        for key in group.running:
            said = events(group, "n3", Event.CONFLICT, by=key)
            self.assertLess(len(said), 8, key)

    def test_once_the_first_is_dead_the_other_may_have_the_name(self) -> None:
        group = self.formed(6)
        group.add("impostor", name="n3")
        group.run_for(30)
        group.kill("n3")
        self.until(group, lambda: group.everybody_lists("n3"), 120)
        host = group.address("impostor")[0]

        def taken() -> bool:
            return all(
                (found := group.nodes[key].membership.get("n3")) is not None
                and found.address == host
                for key in group.running
            )

        self.until(group, taken, 120)

    def test_who_is_said_to_have_died_elsewhere_hears_of_it_and_refutes(self) -> None:
        group = self.formed(100)
        liar = group.table("n2")
        held = liar.claim("n7")
        assert held is not None
        liar.apply(held.failed("n2"), spread=False)
        moved = replace(held.failed("n2"), epoch=held.epoch + 1000, address=Address("10.1.2.3", 1))
        liar.apply(moved, spread=False)
        self.assertTrue(group.lists("n2", ["n7"], State.FAILED))
        self.until(group, lambda: group.everybody_lists("n7"), 5)
