"""Open questions: an answer finds whoever asked, by number, or by address where there is none."""

from __future__ import annotations

from itertools import pairwise
from random import Random

from twisted.trial.unittest import SynchronousTestCase

from swimtx.addresses import Address
from swimtx.transport.pending_requests import PendingRequests
from swimtx.wire.messages import Message, MessageType
from tests.messages import message_of
from tests.parts import Calls

THERE, ELSEWHERE = Address("10.0.0.2", 7946), Address("10.0.0.3", 7946)


def ack(sequence: int = 0, version: int = 1, address: Address = THERE) -> Message:
    return message_of(MessageType.ACK, "n", address, version=version, sequence=sequence)


class Sequences(Random):
    """Draws the numbers that it was given."""

    def __init__(self, *numbers: int) -> None:
        super().__init__()
        self.numbers = list(numbers)

    def getrandbits(self, k: int) -> int:
        return self.numbers.pop(0)


class QuestionsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.requests = PendingRequests(Random(1))
        self.one, self.other = Calls(), Calls()

    def test_an_answer_goes_to_who_asked(self) -> None:
        first, second = self.requests.open(self.one), self.requests.open(self.other)
        self.requests.resolve(ack(second), THERE)
        self.assertEqual((self.one.all, self.other.all), ([], [(ack(second), THERE)]))
        self.requests.resolve(ack(first), THERE)
        self.assertEqual(len(self.one), 1)

    def test_a_question_may_have_several_answers_until_it_is_closed(self) -> None:
        sequence = self.requests.open(self.one)
        self.requests.resolve(ack(sequence), THERE)
        self.requests.resolve(ack(sequence), ELSEWHERE)
        self.requests.close(sequence)
        self.requests.resolve(ack(sequence), THERE)
        self.assertEqual(len(self.one), 2)

    def test_an_answer_to_nothing_is_dropped(self) -> None:
        sequence = self.requests.open(self.one)
        self.requests.resolve(ack(sequence ^ 1), THERE)
        self.requests.resolve(ack(0), THERE)
        self.requests.close(12345)
        self.assertEqual(len(self.one), 0)

    def test_a_number_is_never_nought_nor_one_that_is_in_use(self) -> None:
        requests = PendingRequests(Sequences(0, 1, 7, 7, 9))
        self.assertEqual([requests.open(self.one) for _ in range(3)], [1, 7, 9])

    def test_numbers_cannot_be_guessed_from_those_before(self) -> None:
        asked = [self.requests.open(self.one) for _ in range(100)]
        gaps = {after - before for before, after in pairwise(asked)}
        self.assertEqual(len(gaps), 99)
        self.assertGreater(max(asked), 2**31)

    def test_an_ack_without_a_number_is_matched_by_its_senders_address(self) -> None:
        sequence = self.requests.open(self.one)
        self.requests.open_for_address(THERE, sequence, self.one)
        self.requests.resolve(ack(version=0, address=ELSEWHERE), ELSEWHERE)
        self.assertEqual(len(self.one), 0)
        self.requests.resolve(ack(version=0), THERE)
        self.assertEqual(len(self.one), 1)
        self.requests.close_for_address(THERE, sequence)
        self.requests.resolve(ack(version=0), THERE)
        self.assertEqual(len(self.one), 1)

    def test_one_of_ours_has_to_give_the_number(self) -> None:
        self.requests.open_for_address(THERE, self.requests.open(self.one), self.one)
        self.requests.resolve(ack(version=1), THERE)
        self.assertEqual(len(self.one), 0)

    def test_one_ack_without_a_number_answers_all_who_asked_there(self) -> None:
        first, second = self.requests.open(self.one), self.requests.open(self.other)
        self.requests.open_for_address(THERE, first, self.one)
        self.requests.open_for_address(THERE, second, self.other)
        self.requests.resolve(ack(version=0), THERE)
        self.assertEqual((len(self.one), len(self.other)), (1, 1))
        self.requests.close_for_address(THERE, second)
        self.requests.resolve(ack(version=0), THERE)
        self.assertEqual((len(self.one), len(self.other)), (2, 1))
