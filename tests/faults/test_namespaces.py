"""The networks that other tests stand on: they carry, they break as told, they go away."""

from __future__ import annotations

import socket
import subprocess
import sys

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.faults.namespaces import Host, Network, lacking

_SOCKET = "import socket, sys; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); "
_SEND = _SOCKET + "s.sendto(sys.argv[2].encode(), (sys.argv[1], 9999))"
_HEAR = _SOCKET + "s.bind((sys.argv[1], 9999)); print('bound', flush=True); s.settimeout(60); "
_HEAR += "print(s.recv(9).decode())"


def namespaces() -> set[str]:
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True)
    return {line.split()[0] for line in listed.stdout.splitlines() if line}


class NamespacesTests(SynchronousTestCase):
    def setUp(self) -> None:
        reason = lacking()
        if reason is not None:
            raise SkipTest(reason)

    def make(self, hosts: int) -> Network:
        network = Network(hosts)
        self.addCleanup(network.close)
        return network

    def hears(self, listener: Host, sender: Host) -> bool:
        """Whether the sender's datagram is there before one that the listener sends itself."""
        hearing = subprocess.Popen(
            [*listener.prefix, sys.executable, "-c", _HEAR, listener.address],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.addCleanup(hearing.wait)
        assert hearing.stdout is not None
        self.addCleanup(hearing.stdout.close)
        self.assertEqual(hearing.stdout.readline(), b"bound\n")
        for host, word in ((sender, "theirs"), (listener, "own")):
            subprocess.run(
                [*host.prefix, sys.executable, "-c", _SEND, listener.address, word],
                check=False,
                timeout=60,
            )
        return hearing.stdout.readline() == b"theirs\n"

    def test_halves_of_a_split_are_deaf_to_each_other_until_it_heals(self) -> None:
        network = self.make(3)
        one, two, three = network.hosts
        network.split([one, two], [three])
        self.assertTrue(self.hears(one, two))
        self.assertFalse(self.hears(one, three))
        network.heal()
        self.assertTrue(self.hears(one, three))

    def test_nothing_of_it_is_left_and_nothing_was_outside(self) -> None:
        before, interfaces = namespaces(), socket.if_nameindex()
        network = self.make(2)
        made = {host.namespace for host in network.hosts}
        self.assertLess(made, namespaces() - before)
        self.assertEqual(socket.if_nameindex(), interfaces)
        network.close()
        self.assertEqual(namespaces() & made, set())

    def test_what_a_process_left_that_is_no_more_is_removed(self) -> None:
        ended = subprocess.Popen([sys.executable, "-c", ""])
        ended.wait()
        left = f"swimtx-{ended.pid}-0-hub"
        subprocess.run(["ip", "netns", "add", left], check=True)
        self.make(1)
        self.assertNotIn(left, namespaces())
