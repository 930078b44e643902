"""The route to each address: by datagram, or by the stream that replaces datagrams."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from swimtx.addresses import Address
from swimtx.transport.route import Routes
from tests.transport.test_protocol import RecordingStream

HERE, THERE = Address("10.0.0.1", 7946), Address("10.0.0.2", 7946)


class RoutesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.routes = Routes()
        self.stream = RecordingStream()

    def test_datagrams_are_the_route_to_an_address_that_nothing_is_known_of(self) -> None:
        self.assertEqual(self.routes.peer(HERE), HERE)
        self.assertIsNone(self.routes.stream(HERE))

    def test_a_stream_is_the_route_to_its_address_and_to_no_other(self) -> None:
        self.routes.use_stream(HERE, self.stream)
        self.assertIs(self.routes.peer(HERE), self.stream)
        self.assertIs(self.routes.stream(HERE), self.stream)
        self.assertEqual(self.routes.peer(THERE), THERE)
        same_host = HERE._replace(port=1)
        self.assertEqual(self.routes.peer(same_host), same_host)

    def test_a_later_stream_to_an_address_replaces_the_one_before(self) -> None:
        later = RecordingStream()
        self.routes.use_stream(HERE, self.stream)
        self.routes.use_stream(HERE, later)
        self.assertIs(self.routes.peer(HERE), later)

    def test_datagrams_are_the_route_again_once_they_arrive(self) -> None:
        self.routes.use_stream(HERE, self.stream)
        for _ in range(2):
            self.routes.use_datagrams(HERE)
            self.assertEqual(self.routes.peer(HERE), HERE)
            self.assertIsNone(self.routes.stream(HERE))

    def test_two_objects_do_not_share_their_routes(self) -> None:
        self.routes.use_stream(HERE, self.stream)
        self.assertIsNone(Routes().stream(HERE))
