"""Probes of targets and through relays that only streams reach."""

from __future__ import annotations

from typing import Any

from swimtx.addresses import Address
from swimtx.probing.probe import Probe
from swimtx.probing.schedule import ProbeSchedule
from swimtx.transport.route import Route
from swimtx.transport.stream_fallback import StreamFallback
from swimtx.wire.messages import MessageType
from tests.parts import Calls, ComponentTestCase, Heard, Peer

PING, ACK, PING_REQ = MessageType.PING, MessageType.ACK, MessageType.PING_REQ
PROBE = ProbeSchedule.probe(1.0, 0.45)
ONCE = ProbeSchedule((0.0,), None, None, 0.5)


def by_stream(peer: Peer, kind: MessageType) -> list[Heard]:
    """The messages of that type that a peer has received over streams."""
    return [h for h in peer.heard if h.message.type is kind and type(h.peer) is not Address]


class FallbackProbeTests(ComponentTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.fallback = StreamFallback(self.parts.messenger, self.parts.config, Calls())
        self.target, self.relay = self.others("t", "r")
        for peer in (self.target, self.relay):
            peer.accept_streams()
        self.ended = Calls()

    def probe(self, schedule: ProbeSchedule = PROBE, **more: Any) -> Probe:
        probe = Probe(self.target.claim, self.parts.messenger, schedule, self.ended, **more)
        return self.parts.use(probe)

    def only_streams_reach(self, peer: Peer) -> None:
        self.fallback.reached(peer.claim.address, Route.STREAM)

    def test_a_repeated_ping_goes_also_by_stream_and_may_be_answered_there(self) -> None:
        self.only_streams_reach(self.target)
        probe = self.probe(relays=lambda target, hinted: [self.relay.claim])
        self.scene.run(0.2)
        self.assertEqual(self.target.times(PING)[:2], [1, 151], "datagrams are still tried")
        (ping,) = by_stream(self.target, PING)
        self.target.answer(ping)
        self.scene.run(0.1)
        self.assertEqual((probe.route, probe.over), (Route.STREAM, True))
        self.assertEqual(self.relay.heard, [])

    def test_the_only_ping_of_a_probe_goes_by_datagram_and_by_stream(self) -> None:
        self.only_streams_reach(self.target)
        self.probe(ONCE)
        self.scene.run(0.1)
        self.assertEqual(len(self.target.messages(PING)), 2)
        self.assertEqual(len(by_stream(self.target, PING)), 1)

    def test_a_member_that_datagrams_reach_is_not_pinged_by_stream(self) -> None:
        self.probe(ONCE)
        self.scene.run(0.1)
        self.assertEqual(by_stream(self.target, PING), [])

    def test_relays_that_only_streams_reach_get_a_ping_req_and_answer_by_stream(self) -> None:
        self.scene.network.silence_streams(self.target.claim.address.host)
        self.only_streams_reach(self.relay)
        probe = self.probe(relays=lambda target, hinted: [self.relay.claim])
        self.scene.run(0.5)
        (asked,) = by_stream(self.relay, PING_REQ)
        self.relay.answer(asked, target="t")
        self.scene.run(0.1)
        self.assertEqual((probe.route, probe.over), (Route.RELAY, True))
