"""Members over real sockets on this machine, on the reactor that trial was started with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.error import CannotListenError
from twisted.trial.unittest import SkipTest, TestCase

from swimtx import Config, Node
from swimtx.errors import JoinFailed
from swimtx.membership.claim import State
from swimtx.membership.events import Change, Event

ROOT = Path(__file__).resolve().parent.parent


class LoopbackTests(TestCase):
    timeout = 60

    async def start(self, name: str, **settings: Any) -> Node:
        from twisted.internet import reactor

        node = Node(reactor, Config.local(**{"name": name, "port": 0, **settings}))
        self.addCleanup(node.stop)  # trial reports every socket and timer that is left
        await node.start()
        return node

    async def group(self, *names: str, **settings: Any) -> list[Node]:
        """Members that all list each other."""
        nodes = [await self.start(name, **settings) for name in names]
        known = [self.when(node, Event.JOINED, len(names) - 1) for node in nodes]
        for node in nodes[1:]:
            await node.join([nodes[0].address])
        await gatherResults(known)
        return nodes

    def when(self, node: Node, event: Event, times: int = 1) -> Deferred[Change]:
        """A Deferred of the last change when a member has announced an event C{times} times."""
        seen: Deferred[Change] = Deferred()
        left = times

        def announced(change: Change) -> None:
            nonlocal left
            if change.event is event:
                left -= 1
                if not left:
                    stop()
                    seen.callback(change)

        stop = node.membership.subscribe(announced)
        return seen

    async def test_three_members_join_list_and_ping_each_other_and_one_leaves(self) -> None:
        nodes = await self.group("n1", "n2", "n3")
        for node in nodes:
            listed = [(m.name, m.address, m.port) for m in node.membership.members(State.ALIVE)]
            self.assertEqual(listed, [(n.name, *n.address) for n in nodes])
        first, second, third = nodes
        rtt = await first.ping("n3")
        self.assertGreater(rtt, 0)
        left = [self.when(node, Event.LEFT) for node in (first, second)]
        await third.leave()
        for change in await gatherResults(left):
            self.assertEqual((change.member.name, change.why), ("n3", "it said goodbye"))

    async def test_other_members_receive_new_tags(self) -> None:
        first, second = await self.group("n1", "n2")
        updated = self.when(first, Event.UPDATED)
        second.set_tags({"role": "web"})
        self.assertEqual(dict((await updated).member.tags), {"role": "web"})

    async def test_a_member_that_stops_without_leaving_is_found_failed(self) -> None:
        first, second = await self.group("n1", "n2", protocol_period=0.1, patience=1.0)
        failed = self.when(first, Event.FAILED)
        await second.stop()
        self.assertEqual((await failed).member.name, "n2")

    async def test_a_restarted_member_is_listed_with_a_new_epoch(self) -> None:
        first, second = await self.group("n1", "n2")
        port = second.address.port
        await second.destroy()
        again = await self.start("n2", port=port)
        joined = self.when(first, Event.JOINED)
        await again.join([first.address])
        self.assertEqual((await joined).member.epoch, again._parts.membership.local.epoch)

    async def test_a_start_on_a_taken_port_fails_and_leaves_no_socket_or_timer(self) -> None:
        first = await self.start("n1")
        try:
            await self.start("n2", port=first.address.port)
        except CannotListenError:
            pass
        else:
            self.fail("two nodes listen on one port")

    async def test_members_join_and_ping_each_other_over_ipv6(self) -> None:
        try:
            first = await self.start("n1", type="udp6")
        except CannotListenError as error:
            raise SkipTest("this machine has no ::1") from error
        second = await self.start("n2", type="udp6")
        await second.join([first.address])
        self.assertGreater(await second.ping("n1"), 0)
        self.assertEqual(second.address.host, "::1")

    async def test_a_seed_given_by_host_name_is_looked_up(self) -> None:
        first = await self.start("n1")
        second = await self.start("n2")
        await second.join([f"localhost:{first.address.port}"])
        self.assertEqual(second.membership.living, 2)

    async def test_join_failed_names_the_seeds_that_did_not_answer(self) -> None:
        first = await self.start("n1")
        closed = first.address
        await first.stop()
        second = await self.start("n2", join_timeout=0.1, protocol_period=0.2, patience=2.0)
        try:
            await second.join([closed])
        except JoinFailed as error:
            self.assertEqual(error.tried, {str(closed): "no answer"})
        else:
            self.fail("join did not fail")


class AsyncioReactorTests(TestCase):
    timeout = 120

    def test_the_loopback_tests_pass_on_the_asyncio_reactor(self) -> None:
        trial = [sys.executable, "-m", "twisted.trial", "--reactor=asyncio"]
        folder = Path(self.mktemp()).resolve()
        done = subprocess.run(
            [*trial, f"--temp-directory={folder}", f"{__name__}.LoopbackTests"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("PASSED", done.stdout)
