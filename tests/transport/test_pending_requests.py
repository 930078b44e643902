"""Requests that wait for an answer, matched by sequence number or by address."""

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


class FixedNumbers(Random):
    """Returns the given numbers instead of random ones."""

    def __init__(self, *numbers: int) -> None:
        super().__init__()
        self.numbers = list(numbers)

    def getrandbits(self, k: int) -> int:
        return self.numbers.pop(0)


class PendingRequestsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.requests = PendingRequests(Random(1))
        self.first, self.second = Calls(), Calls()

    def test_an_answer_goes_to_the_request_of_its_number(self) -> None:
        first, second = self.requests.open(self.first), self.requests.open(self.second)
        self.requests.resolve(ack(second), THERE)
        self.assertEqual((self.first.all, self.second.all), ([], [(ack(second), THERE)]))
        self.requests.resolve(ack(first), THERE)
        self.assertEqual(len(self.first), 1)

    def test_a_request_may_have_several_answers_until_it_is_closed(self) -> None:
        sequence = self.requests.open(self.first)
        self.requests.resolve(ack(sequence), THERE)
        self.requests.resolve(ack(sequence), ELSEWHERE)
        self.requests.close(sequence)
        self.requests.resolve(ack(sequence), THERE)
        self.assertEqual(len(self.first), 2)

    def test_an_answer_without_a_request_is_dropped(self) -> None:
        sequence = self.requests.open(self.first)
        self.requests.resolve(ack(sequence ^ 1), THERE)
        self.requests.resolve(ack(0), THERE)
        self.requests.close(12345)
        self.assertEqual(len(self.first), 0)

    def test_a_sequence_number_is_never_zero_nor_already_in_use(self) -> None:
        requests = PendingRequests(FixedNumbers(0, 1, 7, 7, 9))
        self.assertEqual([requests.open(self.first) for _ in range(3)], [1, 7, 9])

    def test_sequence_numbers_do_not_follow_from_those_before(self) -> None:
        numbers = [self.requests.open(self.first) for _ in range(100)]
        gaps = {after - before for before, after in pairwise(numbers)}
        self.assertEqual(len(gaps), 99)
        self.assertGreater(max(numbers), 2**31)

    def test_an_ack_without_a_number_is_matched_by_the_address_of_its_sender(self) -> None:
        sequence = self.requests.open(self.first)
        self.requests.open_for_address(THERE, sequence, self.first)
        self.requests.resolve(ack(version=0, address=ELSEWHERE), ELSEWHERE)
        self.assertEqual(len(self.first), 0)
        self.requests.resolve(ack(version=0), THERE)
        self.assertEqual(len(self.first), 1)
        self.requests.close_for_address(THERE, sequence)
        self.requests.resolve(ack(version=0), THERE)
        self.assertEqual(len(self.first), 1)

    def test_an_ack_with_a_version_but_without_a_number_is_dropped(self) -> None:
        self.requests.open_for_address(THERE, self.requests.open(self.first), self.first)
        self.requests.resolve(ack(version=1), THERE)
        self.assertEqual(len(self.first), 0)

    def test_one_ack_without_a_number_answers_all_requests_to_its_address(self) -> None:
        first, second = self.requests.open(self.first), self.requests.open(self.second)
        self.requests.open_for_address(THERE, first, self.first)
        self.requests.open_for_address(THERE, second, self.second)
        self.requests.resolve(ack(version=0), THERE)
        self.assertEqual((len(self.first), len(self.second)), (1, 1))
        self.requests.close_for_address(THERE, second)
        self.requests.resolve(ack(version=0), THERE)
        self.assertEqual((len(self.first), len(self.second)), (2, 1))
