"""News goes to everybody by the way that reaches them."""

from __future__ import annotations

from collections.abc import Callable

from twisted.trial.unittest import SynchronousTestCase

from swimtx.config import Config
from swimtx.member import Address
from swimtx.paths import Paths
from swimtx.probe_round import Way

THERE = Address("127.0.0.2", 7946)
Send = Callable[[bytes], object] | None


class Post:
    """What C{Paths} needs of the protocol and of the streams, noting what is asked of it."""

    def __init__(self) -> None:
        self.by_stream: dict[Address, Send] = {}
        self.sent: list[tuple[Address, bytes]] = []

    def use_streams(self, address: Address, send: Send) -> None:
        self.by_stream[address] = send

    def send(self, address: Address, data: bytes, timeout: float) -> None:
        self.sent.append((address, data))


class PathsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.post = Post()
        self.paths = Paths(self.post, self.post, Config())  # type: ignore[arg-type]
        self.detours: list[Address] = []
        self.paths.detour = self.detours.append

    def test_whoever_is_reached_by_stream_only_hears_news_by_stream(self) -> None:
        self.paths.reached(THERE, Way.STREAM)
        send = self.post.by_stream[THERE]
        assert send is not None
        send(b"news")
        self.assertEqual(self.post.sent, [(THERE, b"news")])

    def test_a_detour_is_told_once_for_what_was_lost_before_may_be_told_again(self) -> None:
        for _ in range(3):
            self.paths.reached(THERE, Way.STREAM)
        self.assertEqual(self.detours, [THERE])

    def test_the_first_answer_by_datagram_ends_the_detour(self) -> None:
        self.paths.reached(THERE, Way.STREAM)
        self.paths.reached(THERE, Way.DATAGRAM)
        self.assertEqual(self.post.by_stream, {THERE: None})
        self.paths.reached(THERE, Way.STREAM)
        self.assertEqual(self.detours, [THERE, THERE])

    def test_an_answer_through_a_relay_says_nothing_of_the_way_from_here(self) -> None:
        self.paths.reached(THERE, Way.RELAY)
        self.paths.reached(THERE, Way.DATAGRAM)
        self.assertEqual((self.post.by_stream, self.detours), ({}, []))
