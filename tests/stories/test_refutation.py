"""Who lives says so (SWIM §4.2)."""

from __future__ import annotations

from swimtx import Event, State
from swimtx.membership.observation import Evidence, Observation
from tests.stories.scenes import Story, events


class RefutationStories(Story):
    def test_a_suspicion_without_grounds_is_refuted_at_once_and_everywhere(self) -> None:
        group = self.formed(16)
        accuser = group.table("n2")
        held = accuser.claim("n7")
        assert held is not None
        accuser.apply(held.suspected("n2", [Evidence("n2", Observation.SILENT)]))
        group.run_for(5)
        for key in group.running:
            found = group.nodes[key].membership.get("n7")
            assert found is not None
            self.assertEqual(found.state, State.ALIVE, key)
            self.assertGreater(found.incarnation, held.incarnation, key)
        self.nobody_wronged(group)

    def test_one_wrongly_declared_failed_comes_back_within_its_epoch(self) -> None:
        group = self.formed(16)
        judge = group.table("n2")
        held = judge.claim("n7")
        assert held is not None
        judge.apply(held.failed("n2"))
        self.until(group, group.everybody_lists, 5)
        self.assertNotEqual(events(group, "n7", Event.RECOVERED), [])
        found = judge.get("n7")
        assert found is not None
        self.assertEqual(found.epoch, held.epoch)
        self.assertGreater(found.incarnation, held.incarnation)

    def test_one_who_is_said_to_have_left_comes_back_under_a_new_epoch(self) -> None:
        group = self.formed(8)
        liar = group.table("n2")
        held = liar.claim("n7")
        assert held is not None
        liar.apply(held.departed())
        self.until(group, group.everybody_lists, 5)
        found = liar.get("n7")
        assert found is not None
        self.assertGreater(found.epoch, held.epoch)

    def test_one_that_two_members_do_not_reach_is_vouched_for_by_the_others(self) -> None:
        group = self.formed(8)
        one, other, silent = group.hosts(["n1", "n2", "n3"])
        group.network.cut([one, other], silent)
        group.network.cut(silent, [one, other])
        group.run_for(120)
        self.assertEqual({a.event for a in group.history}, {Event.JOINED})

    def test_one_whom_no_datagram_reaches_is_not_failed_while_streams_do(self) -> None:
        group = self.formed(8)
        group.network.block_datagrams("*", group.hosts("n3")[0])
        group.run_for(60)
        self.nobody_wronged(group)
