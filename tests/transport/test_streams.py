"""Streams: messages in frames, in order, over the simulated and over the real network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError, ConnectionRefusedError, TimeoutError
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase
from zope.interface.verify import verifyObject

from swimtx.addresses import Address
from swimtx.counters import Counters
from swimtx.interfaces import IAdmission, IStream, IStreams
from swimtx.journal import NullJournal
from swimtx.security.admission import AdmitAll
from swimtx.transport import tcp
from swimtx.transport.tcp import MAX_FRAME, TcpStreams
from tests.parts import Calls, Scene
from tests.security.doubles import AdmitAllBut


class Received:
    """Records the received frames, and the streams that they came by."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.streams: list[Any] = []

    def __call__(self, data: bytes, stream: Any) -> None:
        self.frames.append(data)
        if stream not in self.streams:
            self.streams.append(stream)


class StreamsTestsMixin:
    """Tests for every C{IStreams}, to be mixed in with a C{TestCase} that provides the network."""

    here: Any
    there: Any
    address: Address

    def make(self, admission: IAdmission | None = None) -> Any:
        """Streams of another process, by default with an admission that admits all."""
        raise NotImplementedError

    def free_address(self) -> Address:
        """An address on which no port listens, but may."""
        raise NotImplementedError

    async def until(self, holds: Callable[[], object]) -> None:
        """Let time pass until C{holds()} is true."""
        raise NotImplementedError

    async def prepare(self, admission: IAdmission | None = None) -> None:
        """Make the C{IStreams} that listens, and another that opens streams to it."""
        self.got, self.back = Received(), Received()
        self.address = self.free_address()
        self.there = self.make(admission)
        self.there.listen(self.address.host, self.address.port, self.got)
        self.here = self.make()

    async def result(self, waiting: Deferred[Any]) -> Any:
        """Let time pass until a Deferred fires; return its result."""
        await self.until(lambda: waiting.called)
        return await waiting

    async def open(self) -> Any:
        return await self.result(self.here.connect(self.address, 5.0, self.back))

    async def test_streams_provide_their_interfaces(self: Any) -> None:
        await self.prepare()
        verifyObject(IStreams, self.here)
        stream = await self.open()
        verifyObject(IStream, stream)
        self.assertEqual(stream.address, self.address)

    async def test_messages_arrive_in_order_and_whole(self: Any) -> None:
        await self.prepare()
        stream = await self.open()
        sent = [b"one", b"", bytes(100_000), b"\x00\x00\x00\x01", b"last"]
        for data in sent:
            stream.send(data)
        await self.until(lambda: len(self.got.frames) == 5)
        self.assertEqual(self.got.frames, sent)

    async def test_answers_come_back_by_the_same_stream(self: Any) -> None:
        await self.prepare()
        stream = await self.open()
        stream.send(b"question")
        await self.until(lambda: self.got.frames)
        (accepted,) = self.got.streams
        accepted.send(b"answer")
        await self.until(lambda: self.back.frames)
        self.assertEqual((self.back.frames, self.back.streams), ([b"answer"], [stream]))
        self.assertTrue(accepted.accepted and not stream.accepted)
        self.assertEqual(self.there.accepted, 1)

    async def test_data_that_was_sent_before_a_close_still_arrives(self: Any) -> None:
        await self.prepare()
        stream = await self.open()
        closed = Calls()
        stream.on_close(closed)
        stream.send(bytes(100_000))
        stream.close()
        await self.until(lambda: len(closed))
        await self.until(lambda: self.got.frames and not self.there.accepted)
        self.assertEqual(self.got.frames, [bytes(100_000)])

    async def test_a_close_calls_the_on_close_callback_at_the_other_end(self: Any) -> None:
        await self.prepare()
        stream = await self.open()
        stream.send(b"hello")
        await self.until(lambda: self.got.streams)
        closed = Calls()
        self.got.streams[0].on_close(closed)
        stream.close()
        await self.until(lambda: len(closed))

    async def test_sending_on_a_closed_stream_does_nothing(self: Any) -> None:
        await self.prepare()
        stream = await self.open()
        closed = Calls()
        stream.on_close(closed)
        stream.close()
        await self.until(lambda: len(closed))
        stream.send(b"late")
        stream.close()
        self.assertEqual(self.got.frames, [])

    async def test_a_stream_to_a_port_without_a_listener_is_refused(self: Any) -> None:
        await self.prepare()
        opening = self.here.connect(self.free_address(), 5.0, self.back)
        await self.assertFailure(
            Deferred.fromCoroutine(self.result(opening)), ConnectionRefusedError
        )

    async def test_a_taken_port_cannot_be_listened_on(self: Any) -> None:
        await self.prepare()
        self.assertRaises(
            CannotListenError, self.there.listen, self.address.host, self.address.port, self.got
        )

    async def test_an_oversized_frame_ends_the_stream(self: Any) -> None:
        await self.prepare()
        stream = await self.open()
        closed = Calls()
        stream.on_close(closed)
        stream.send(b"fine")
        stream.send(bytes(MAX_FRAME))
        stream.send(bytes(MAX_FRAME + 1))
        stream.send(b"never read")
        await self.until(lambda: len(closed) and not self.there.accepted)
        self.assertEqual([len(frame) for frame in self.got.frames], [4, MAX_FRAME])

    async def test_no_more_than_max_accepted_streams_are_accepted_at_a_time(self: Any) -> None:
        self.patch(tcp, "MAX_ACCEPTED", 2)
        await self.prepare()
        first, second = await self.open(), await self.open()
        await self.until(lambda: self.there.accepted == 2)
        third = await self.open()
        await self.until(lambda: third not in self.here._open)
        first.close()
        await self.until(lambda: self.there.accepted == 1)
        fourth = await self.open()
        await self.until(lambda: self.there.accepted == 2)
        for stream in (second, fourth):
            stream.send(b"here")
        await self.until(lambda: len(self.got.frames) == 2)

    async def test_a_stream_of_a_refused_address_is_closed_at_once_and_not_read(self: Any) -> None:
        admission = AdmitAllBut()
        await self.prepare(admission)
        admitted = await self.open()
        admitted.send(b"read")
        await self.until(lambda: self.got.frames)
        (asked,) = admission.asked
        admission.refused.add(asked.host)
        closed = Calls()
        refused = await self.open()
        refused.on_close(closed)
        refused.send(b"never read")
        await self.until(lambda: len(closed) or refused not in self.here._open)
        admitted.send(b"read too")
        await self.until(lambda: len(self.got.frames) == 2)
        self.assertEqual(self.got.frames, [b"read", b"read too"])
        self.assertEqual((self.there.accepted, self.there._counters.not_admitted), (1, 1))

    async def test_a_stream_that_receives_no_frame_is_closed(self: Any) -> None:
        self.patch(tcp, "IDLE", 0.2)
        await self.prepare()
        stream = await self.open()
        closed = Calls()
        stream.on_close(closed)
        await self.until(lambda: len(closed) and not self.there.accepted)

    async def test_stopping_closes_all_streams_at_both_ends_and_frees_the_port(self: Any) -> None:
        await self.prepare()
        stream = await self.open()
        closed = Calls()
        stream.on_close(closed)
        stream.send(b"hello")
        await self.until(lambda: self.got.frames)
        await self.result(self.there.stop())
        self.assertEqual((self.there.accepted, self.there._open), (0, {}))
        await self.until(lambda: len(closed))
        opening = self.here.connect(self.address, 5.0, self.back)
        await self.assertFailure(
            Deferred.fromCoroutine(self.result(opening)), ConnectionRefusedError
        )
        self.there.listen(self.address.host, self.address.port, self.got)

    async def test_a_stream_that_is_opening_when_all_are_stopped_never_opens(self: Any) -> None:
        await self.prepare()
        opening = self.here.connect(self.address, 5.0, self.back)
        failed: list[Any] = []
        opening.addErrback(failed.append)
        await self.result(self.here.stop())
        self.assertEqual((len(failed), self.here._open, self.here._connecting), (1, {}, {}))

    async def test_stopping_fires_at_once_when_nothing_is_open(self: Any) -> None:
        await self.prepare()
        self.assertTrue(self.here.stop().called)
        self.assertTrue(self.here.stop().called)


class SimulatedStreamsTests(StreamsTestsMixin, TestCase):
    def setUp(self) -> None:
        self.scene = Scene()
        self.made: list[TcpStreams] = []

    def tearDown(self) -> None:
        for streams in self.made:
            streams.stop()
        self.scene.run(0.1)
        for streams in self.made:
            reactor: Any = streams.clock
            self.assertEqual(list(reactor.getDelayedCalls()), [])
            self.assertEqual((reactor.transports, reactor.listeners), ({}, {}))

    def make(self, admission: IAdmission | None = None) -> TcpStreams:
        host = self.address.host if not self.made else self.scene.next_host()
        reactor = self.scene.network.host(host)
        admission = admission or AdmitAll(NullJournal())
        self.made.append(TcpStreams(reactor, admission, Counters()))
        return self.made[-1]

    def free_address(self) -> Address:
        host = self.scene.next_host()
        self.scene.network.host(host)
        return Address(host, 7946)

    async def until(self, holds: Callable[[], object]) -> None:
        for _ in range(1000):
            if holds():
                return
            self.scene.run(0.01)
        self.fail("the condition never became true")

    async def test_a_stream_that_has_received_a_frame_is_kept_for_an_hour(self) -> None:
        await self.prepare()
        stream = await self.open()
        closed = Calls()
        stream.on_close(closed)
        stream.send(b"hello")
        await self.until(lambda: self.got.frames)
        self.got.streams[0].send(b"hello")
        self.scene.run(3599)
        self.assertEqual(len(closed), 0)
        self.scene.run(2)
        self.assertEqual((len(closed), self.there.accepted), (1, 0))

    async def test_connecting_to_a_silent_host_times_out(self) -> None:
        await self.prepare()
        self.scene.network.silence_streams(self.address.host)
        opening = self.here.connect(self.address, 0.5, self.back)
        self.scene.run(0.49)
        self.assertFalse(opening.called)
        self.scene.run(0.02)
        await self.assertFailure(opening, TimeoutError)

    async def test_half_a_frame_keeps_no_stream_open(self) -> None:
        await self.prepare()
        stream = await self.open()
        assert stream.transport is not None
        self.scene.run(20)
        stream.transport.write(b"\x00\x00\x00\x10half")
        self.scene.run(11)
        self.assertEqual((self.there.accepted, self.got.frames), (0, []))


class LoopbackStreamsTests(StreamsTestsMixin, TestCase):
    """Over real sockets."""

    timeout = 30

    def setUp(self) -> None:
        from twisted.internet import reactor

        self.reactor = reactor

    def make(self, admission: IAdmission | None = None) -> TcpStreams:
        streams = TcpStreams(self.reactor, admission or AdmitAll(NullJournal()), Counters())
        self.addCleanup(streams.stop)
        return streams

    def free_address(self) -> Address:
        import socket

        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return Address(*probe.getsockname())

    async def until(self, holds: Callable[[], object]) -> None:
        while not holds():
            await deferLater(self.reactor, 0.005)
