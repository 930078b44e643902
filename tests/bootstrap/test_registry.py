"""The registry of the members that joined last: order, renewals, departures and bounds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swimtx.addresses import Address
from swimtx.bootstrap.registry import Registry
from swimtx.membership.claim import Claim


def claim(name: str, epoch: int = 1, incarnation: int = 0, port: int = 7946) -> Claim:
    return Claim(name, Address("10.0.0.1", port), epoch, incarnation)


class RegistryTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.recent = Registry(lifetime=35.0, most=4)

    def join(self, *names: str, now: float = 0.0, epoch: int = 1) -> None:
        for name in names:
            self.recent.join(claim(name, epoch), now)

    def names(self) -> str:
        return "".join(claim.name for claim in self.recent.newest())

    def test_the_latest_join_comes_first(self) -> None:
        self.join("a", "b", "c")
        self.assertEqual(self.names(), "cba")

    def test_a_renewal_does_not_change_the_order(self) -> None:
        self.join("a", "b", "c")
        self.join("a", now=10)
        self.assertEqual(self.names(), "cba")

    def test_a_new_epoch_is_a_new_join(self) -> None:
        self.join("a", "b", "c")
        self.join("a", epoch=2)
        self.assertEqual(self.names(), "acb")

    def test_a_claim_of_an_older_run_changes_nothing(self) -> None:
        self.join("a", epoch=2)
        self.join("a", epoch=1, now=30)
        held = self.recent.get("a")
        assert held is not None
        self.assertEqual(held.epoch, 2)
        self.recent.lapse(35)
        self.assertEqual(len(self.recent), 0)

    def test_a_renewal_updates_address_and_incarnation_unless_it_is_older(self) -> None:
        self.join("a")
        moved = claim("a", incarnation=2, port=8000)
        self.recent.join(moved, 1)
        self.assertIs(self.recent.get("a"), moved)
        self.recent.join(claim("a", incarnation=1), 2)
        self.assertIs(self.recent.get("a"), moved)

    def test_an_entry_lapses_a_lifetime_after_its_last_renewal(self) -> None:
        self.join("a", "b")
        self.join("a", now=10)
        self.recent.lapse(34.9)
        self.assertEqual(self.names(), "ba")
        self.recent.lapse(35)
        self.assertEqual(self.names(), "a")
        self.recent.lapse(44.9)
        self.assertEqual(self.names(), "a")
        self.recent.lapse(45)
        self.assertEqual(self.names(), "")

    def test_a_clock_that_went_back_makes_entries_lapse(self) -> None:
        self.join("a", now=10_000)
        self.recent.lapse(5_000)
        self.assertEqual(self.names(), "")

    def test_members_that_failed_or_left_are_dropped(self) -> None:
        self.join("a", "b", "c")
        self.assertTrue(self.recent.depart(claim("a").failed("b")))
        self.assertTrue(self.recent.depart(claim("b").departed()))
        self.assertEqual(self.names(), "c")

    def test_a_suspicion_drops_no_entry(self) -> None:
        self.join("a")
        self.assertFalse(self.recent.depart(claim("a").suspected("b")))
        self.assertEqual(self.names(), "a")

    def test_a_departure_of_an_older_run_or_a_refuted_incarnation_drops_no_entry(self) -> None:
        self.recent.join(claim("a", epoch=2, incarnation=1), 0)
        self.assertFalse(self.recent.depart(claim("a", epoch=1, incarnation=9).failed("b")))
        self.assertFalse(self.recent.depart(claim("a", epoch=1).departed()))
        self.assertFalse(self.recent.depart(claim("a", epoch=2).failed("b")))
        self.assertEqual(self.names(), "a")

    def test_a_departure_of_an_unknown_member_drops_no_entry(self) -> None:
        self.assertFalse(self.recent.depart(claim("a").departed()))

    def test_a_join_to_a_full_registry_drops_the_entry_renewed_longest_ago(self) -> None:
        self.join("a", "b", "c", "d")
        self.join("a", now=1)
        self.join("e", now=2)
        self.assertEqual(self.names(), "edca")

    def test_no_entry_is_held_after_clear(self) -> None:
        self.join("a", "b")
        self.recent.clear()
        self.recent.lapse(0)
        self.assertEqual((self.names(), len(self.recent)), ("", 0))

    @given(
        st.lists(
            st.tuples(
                st.sampled_from("jfl"),
                st.sampled_from("abcdefg"),
                st.integers(0, 3),
                st.integers(0, 2),
                st.floats(-50, 50),
            )
        )
    )
    def test_the_registry_stays_bounded_and_holds_only_living_members(
        self, steps: list[tuple[str, str, int, int, float]]
    ) -> None:
        recent, now = Registry(most=4), 1000.0
        for what, name, epoch, incarnation, passed in steps:
            now += passed
            said = claim(name, epoch, incarnation)
            recent.lapse(now)
            if what == "j":
                recent.join(said, now)
            else:
                gone = said.failed("x") if what == "f" else said.departed()
                recent.depart(gone)
                held = recent.get(name)
                self.assertTrue(held is None or held.key > gone.key)
            everybody = list(recent.newest())
            self.assertLessEqual(len(everybody), 4)
            self.assertEqual(len({c.name for c in everybody}), len(everybody))
        recent.lapse(now + 71)  # twice its lifetime, for a clock that went back in between
        self.assertEqual(list(recent.newest()), [])
