"""The fuzzer: it finds no escape, repeats its datagrams, and reports escapes of broken targets."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from itertools import islice

from twisted.trial.unittest import SynchronousTestCase

from fuzz.corpus import CORPUS
from fuzz.datagrams import MOST_ESCAPES, Decoder, Escape, WholeMember, attempts, main, run


class RaisingDecoder(Decoder):
    """A decoder that raises another error than C{Malformed}."""

    def feed(self, data: bytes) -> str:
        if data[:1] != b"\x0a":
            raise KeyError("out")
        return super().feed(data)


class DamagedDecoder(Decoder):
    """A decoder whose final check fails."""

    def end(self) -> None:
        raise Escape("changed")


class Fuzzing(SynchronousTestCase):
    """C{python -m fuzz.datagrams}."""

    def command(self, *arguments: str) -> tuple[int, str]:
        printed = io.StringIO()
        with redirect_stdout(printed):
            status = main(arguments)
        return status, printed.getvalue()

    def test_nothing_escapes_the_decoder(self) -> None:
        status, printed = self.command("--seed", "1", "--count", "3000")
        self.assertEqual(status, 0, printed)
        self.assertIn("refused: protobuf", printed)
        self.assertIn("decoded: PING\n", printed)
        self.assertIn("     3000 in all, 0 escaped", printed)

    def test_nothing_escapes_a_whole_member_and_its_group_lives_on(self) -> None:
        status, printed = self.command("--seed", "1", "--count", "3000", "--node")
        self.assertEqual(status, 0, printed)
        self.assertIn(" handled", printed)
        self.assertIn("     3000 in all, 0 escaped", printed)

    def test_datagrams_of_the_group_of_the_target_are_mutated_too(self) -> None:
        target = WholeMember(1)
        target.end()
        own = target.corpus[len(CORPUS) :]
        self.assertGreater(len(own), 20)
        self.assertTrue(any(b"n2" in data for data in own))

    def test_the_same_seed_gives_the_same_datagrams(self) -> None:
        once, again, other = (list(attempts(seed, CORPUS, 50, 0)) for seed in (1, 1, 2))
        self.assertEqual(once, again)
        self.assertNotEqual(once, other)

    def test_attempts_end_after_their_seconds(self) -> None:
        self.assertEqual(list(attempts(1, CORPUS, 0, 1e-9)), [])
        self.assertEqual(len(list(islice(attempts(1, CORPUS, 0, 60.0), 9))), 9)

    def test_an_escape_is_reported_with_its_bytes(self) -> None:
        outcomes, escapes = run(RaisingDecoder(), iter([CORPUS[0], b"\xff\x01", CORPUS[1]]))
        (escape,) = escapes
        self.assertTrue(escape.startswith("ff01\n"))
        self.assertIn("KeyError", escape)
        self.assertEqual(sum(outcomes.values()), 2)

    def test_a_run_stops_after_the_most_escapes(self) -> None:
        _, escapes = run(RaisingDecoder(), iter([b"\xff"] * 1000))
        self.assertEqual(len(escapes), MOST_ESCAPES)

    def test_a_failure_of_the_final_check_is_reported_as_an_escape(self) -> None:
        _, escapes = run(DamagedDecoder(), iter(CORPUS))
        self.assertIn("changed", escapes[0])
