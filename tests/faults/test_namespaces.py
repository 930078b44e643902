"""The networks that other tests stand on: they carry, they break as told, they go away."""

from __future__ import annotations

import socket
import subprocess
import sys

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.faults.namespaces import Host, Network, lacking

# Sends one datagram to the address that is given, or waits a moment for one.
_SEND = "import socket, sys; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); "
_SEND += "s.sendto(b'x', (sys.argv[1], 9999))"
_HEAR = "import socket, sys; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); "
_HEAR += "s.bind((sys.argv[1], 9999)); print('bound', flush=True); s.settimeout(0.5); s.recv(9)"


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
        hearing = subprocess.Popen(
            [*listener.prefix, sys.executable, "-c", _HEAR, listener.address],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.addCleanup(hearing.wait)
        assert hearing.stdout is not None
        self.addCleanup(hearing.stdout.close)
        self.assertEqual(hearing.stdout.readline(), b"bound\n")
        subprocess.run(
            [*sender.prefix, sys.executable, "-c", _SEND, listener.address], check=False, timeout=20
        )
        return hearing.wait(20) == 0

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
