"""Name conflicts: two processes under one name notice that, and neither displaces the other."""

from __future__ import annotations

from dataclasses import replace

from swimtx import Event, State
from swimtx.addresses import Address
from tests.stories.scenes import Story, events


class ConflictStories(Story):
    def test_both_members_announce_the_conflict_and_the_first_keeps_its_name(self) -> None:
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

    def test_a_lasting_conflict_is_announced_rarely(self) -> None:
        group = self.formed(6)
        group.add("impostor", name="n3")
        group.run_for(180)
        for key in group.running:
            said = events(group, "n3", Event.CONFLICT, by=key)
            self.assertLess(len(said), 8, key)

    def test_two_members_of_a_name_that_do_not_reach_each_other_refute_rarely(self) -> None:
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

    def test_after_the_first_member_is_killed_the_second_takes_its_name(self) -> None:
        group = self.formed(6)
        group.add("impostor", name="n3")
        group.run_for(30)
        group.kill("n3")
        self.until(group, lambda: group.everybody_lists("n3"), 120)
        host = group.address("impostor")[0]

        def moved_to_other() -> bool:
            return all(
                (found := group.nodes[key].membership.get("n3")) is not None
                and found.address == host
                for key in group.running
            )

        self.until(group, moved_to_other, 120)

    def test_a_member_refutes_a_claim_that_it_failed_at_another_address(self) -> None:
        group = self.formed(100)
        accuser = group.table("n2")
        held = accuser.claim("n7")
        assert held is not None
        accuser.apply(held.failed("n2"), spread=False)
        moved = replace(held.failed("n2"), epoch=held.epoch + 1000, address=Address("10.1.2.3", 1))
        accuser.apply(moved, spread=False)
        self.assertTrue(group.lists("n2", ["n7"], State.FAILED))
        self.until(group, lambda: group.everybody_lists("n7"), 5)
