#!/usr/bin/env python3
"""A link of the proxy passes what it must, and nothing while it is cut."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
import unittest

PROXY = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'chaos_proxy.py')


def echo(listener):
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=send_back, args=(connection,), daemon=True).start()


def send_back(connection):
    with connection:
        while data := connection.recv(1 << 16):
            connection.sendall(data)


class AProxy(unittest.TestCase):
    def setUp(self):
        self.server = socket.create_server(('127.0.0.1', 0))
        threading.Thread(target=echo, args=(self.server,), daemon=True).start()
        with socket.create_server(('127.0.0.1', 0)) as unused:
            nobody = unused.getsockname()[1]
        links = {'echo': self.server.getsockname()[1], 'nobody': nobody}
        self.proxy = subprocess.Popen(
            [sys.executable, '-B', PROXY, json.dumps(links)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.ports = json.loads(self.proxy.stdout.readline())

    def tearDown(self):
        self.proxy.stdin.close()
        self.assertEqual(self.proxy.wait(30), 0)
        self.proxy.stdout.close()
        self.server.close()

    def order(self, **settings):
        self.proxy.stdin.write(json.dumps({'link': 'echo', **settings}).encode() + b'\n')
        self.proxy.stdin.flush()
        self.assertEqual(self.proxy.stdout.readline(), b'done\n')

    def connect(self, link='echo'):
        connection = socket.create_connection(('127.0.0.1', self.ports[link]), timeout=30)
        self.addCleanup(connection.close)
        return connection

    def receive(self, connection, count):
        found = b''
        while len(found) < count:
            found += connection.recv(count - len(found))
        return found

    def passes(self, connection, data=b'x'):
        connection.sendall(data)
        self.assertEqual(self.receive(connection, len(data)), data)

    def passes_nothing(self, connection):
        connection.settimeout(0.3)
        with self.assertRaises(TimeoutError):
            connection.recv(1)
        connection.settimeout(30)

    def test_bytes_pass_as_they_are(self):
        self.passes(self.connect(), os.urandom(3_000_000))

    def test_a_cut_link_holds_all_back_and_loses_nothing(self):
        for cut in ('both', 'answers'):
            old = self.connect()
            self.passes(old)
            self.order(cut=cut)
            new = self.connect()
            for connection in (old, new):
                connection.sendall(b'held')
                self.passes_nothing(connection)
            self.order()
            for connection in (old, new):
                self.assertEqual(self.receive(connection, 4), b'held')

    def test_a_slow_link_takes_its_time_each_way(self):
        connection = self.connect()
        self.order(delay=0.2)
        began = time.monotonic()
        self.passes(connection)
        self.assertGreaterEqual(time.monotonic() - began, 0.4)

    def test_a_client_learns_that_its_server_is_not_there(self):
        connection = self.connect('nobody')
        try:
            self.assertEqual(connection.recv(1), b'')
        except ConnectionResetError:
            pass


if __name__ == '__main__':
    unittest.main()
