"""A client process of a chaos run (chaos_client.cc), asked over its stdin and stdout."""

import json
import os
import select
import subprocess
import time


class Died(Exception):
    """It is gone; what it was asked for may have been done, or not."""


class Stuck(Exception):
    """It did not answer long after the deadline that it was given."""


class Executor:
    PATIENCE = 75  # seconds beyond an operation's own: it may be frozen for half a minute, and a catalog after it

    def __init__(self, command, environment, log, pid_file=None):
        self.command, self.environment, self.log, self.pid_file = command, environment, log, pid_file
        self.process, self.lives, self.rest = None, 0, b''

    def start(self):
        """Starts it and waits until it has opened its bucket."""
        self.lives += 1
        self.rest = b''
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, env=self.environment
        )
        if self.pid_file:
            with open(self.pid_file + '.new', 'w') as file:
                file.write(str(self.process.pid))
            os.rename(self.pid_file + '.new', self.pid_file)
        self.answer(time.monotonic() + 300)

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def call(self, request, payload=b'', timeout=20):
        """(answer, bytes)"""
        request = dict(request, length=len(payload), timeout_ms=timeout * 1000)
        try:
            self.process.stdin.write(json.dumps(request).encode() + b'\n' + payload)
            self.process.stdin.flush()
        except OSError:
            raise Died from None
        return self.answer(time.monotonic() + timeout + self.PATIENCE)

    def answer(self, deadline):
        while b'\n' not in self.rest:
            self.receive(deadline)
        line, _, self.rest = self.rest.partition(b'\n')
        header = json.loads(line)
        while len(self.rest) < header['length']:
            self.receive(deadline)
        payload, self.rest = self.rest[: header['length']], self.rest[header['length'] :]
        return header, payload

    def receive(self, deadline):
        out = self.process.stdout.fileno()
        if not select.select([out], [], [], max(0, deadline - time.monotonic()))[0]:
            raise Stuck
        more = os.read(out, 1 << 20)
        if not more:
            raise Died
        self.rest += more

    def end(self):
        """Closes its stdin, and kills it if it stays."""
        if self.process is None:
            return
        try:
            self.process.stdin.close()
        except OSError:
            pass
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
