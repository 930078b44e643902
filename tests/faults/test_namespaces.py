"""The networks of namespaces that other tests use: delivery, faults and removal."""

from __future__ import annotations

import socket
import subprocess
import sys

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.faults.namespaces import Host, Network, lacking

_SOCKET = "import socket, sys; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); "
_SEND = _SOCKET + "s.sendto(sys.argv[2].encode(), (sys.argv[1], 9999))"
_RECEIVE = _SOCKET + "s.bind((sys.argv[1], 9999)); print('bound', flush=True); s.settimeout(60); "
_RECEIVE += "print(s.recv(9).decode())"


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

    def receives(self, listener: Host, sender: Host) -> bool:
        """Whether the sender's datagram arrives before one that the listener sends to itself."""
        receiver = subprocess.Popen(
            [*listener.prefix, sys.executable, "-c", _RECEIVE, listener.address],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.addCleanup(receiver.wait)
        assert receiver.stdout is not None
        self.addCleanup(receiver.stdout.close)
        self.assertEqual(receiver.stdout.readline(), b"bound\n")
        for host, word in ((sender, "theirs"), (listener, "own")):
            subprocess.run(
                [*host.prefix, sys.executable, "-c", _SEND, listener.address, word],
                check=False,
                timeout=60,
            )
        return receiver.stdout.readline() == b"theirs\n"

    def test_the_halves_of_a_split_receive_nothing_from_each_other_until_it_heals(self) -> None:
        network = self.make(3)
        one, two, three = network.hosts
        network.split([one, two], [three])
        self.assertTrue(self.receives(one, two))
        self.assertFalse(self.receives(one, three))
        network.heal()
        self.assertTrue(self.receives(one, three))

    def test_a_closed_network_leaves_nothing_and_changed_nothing_outside(self) -> None:
        before, interfaces = namespaces(), socket.if_nameindex()
        network = self.make(2)
        made = {host.namespace for host in network.hosts}
        self.assertLess(made, namespaces() - before)
        self.assertEqual(socket.if_nameindex(), interfaces)
        network.close()
        self.assertEqual(namespaces() & made, set())

    def test_namespaces_of_an_ended_process_are_removed(self) -> None:
        ended = subprocess.Popen([sys.executable, "-c", ""])
        ended.wait()
        left = f"swimtx-{ended.pid}-0-hub"
        subprocess.run(["ip", "netns", "add", left], check=True)
        self.make(1)
        self.assertNotIn(left, namespaces())
