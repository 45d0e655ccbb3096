#!/usr/bin/env python3
"""Random patches by many connections, among GETs, PUTs and copies of the same objects; every answer is judged.

    tests/s3/patch_storm.py [--patches 10000] [--connections 16] [--objects 64] [--seed N]

Each write fills cells of 64 bytes with its own number, so that a GET says which write each cell comes from. With the times at
which requests began and ended, a cell may show a write w if w began before the GET ended, and no write that covers the cell began
after w had ended and itself ended before the GET began. Where a GET shows w in one cell, none of w's other cells may show what ended
before w began: a write is seen whole. At the end, with nothing under way, every object has to be such a state, and the same through
every connection. Environment as for run_suite.py.
"""
import argparse
import os
import random
import struct
import sys
import threading
import time
import urllib.parse
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from suite import signing, wire  # noqa: E402

CELL = 64
CELLS = 256  # of an object
BUCKET = "patch-storm"


class Write:
    """One write of cells [lo, hi) of an object. `end` is infinite while it may still happen, and of one that nobody answered for."""

    def __init__(self, number, lo, hi):
        self.number, self.lo, self.hi = number, lo, hi
        self.begin, self.end, self.happened = time.monotonic(), float("inf"), False

    def data(self):
        return struct.pack("<Q", self.number) * (CELL // 8) * (self.hi - self.lo)


class Object:
    def __init__(self, key):
        self.key, self.lock, self.writes = key, threading.Lock(), {}

    def add(self, write):
        with self.lock:
            self.writes[write.number] = write
        return write


class Storm:
    def __init__(self, options):
        self.options = options
        self.endpoint = wire.Endpoint(os.environ["PBFS_S3_ENDPOINT"])
        self.objects = [Object(f"object-{i:02}") for i in range(options.objects)]
        self.lock = threading.Lock()
        self.next_number, self.patches_left = 1, options.patches
        self.counts, self.failures = {}, []

    def number(self):
        with self.lock:
            self.next_number += 1
            return self.next_number

    def count(self, what):
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + 1

    def fail(self, text):
        with self.lock:
            self.failures.append(text)

    def send(self, connection, method, key, headers=(), body=b""):
        target = f"/{BUCKET}" + ("/" + urllib.parse.quote(key) if key else "")
        request = wire.Request(method, target, [("Host", self.endpoint.netloc), *headers,
                                                ("Content-Length", str(len(body)))], body)
        signing.sign(request, signing.UNSIGNED)
        connection.write(request.head() + body)
        return connection.read(request)

    # ---- what connections do ----

    def put(self, connection, rng, target):
        write = target.add(Write(self.number(), 0, CELLS))
        answer = self.send(connection, "PUT", target.key, body=write.data())
        self.settle(write, answer, {200})

    def patch(self, connection, rng, target):
        lo = rng.randrange(CELLS)
        write = target.add(Write(self.number(), lo, min(CELLS, lo + 1 + int(rng.expovariate(1 / 8)))))
        headers = [("Content-Range", f"bytes {write.lo * CELL}-{write.hi * CELL - 1}/*")]
        answer = self.send(connection, "PATCH", target.key, headers, write.data())
        self.settle(write, answer, {200}, {409})

    def settle(self, write, answer, good, conflicts=frozenset()):
        if answer.status in good:
            write.happened, write.end = True, time.monotonic()
        elif answer.status not in conflicts:
            self.fail(f"unexpected answer\n{answer}")
        self.count(f"{answer.request.method} {answer.status}")

    def get(self, connection, rng, target):
        begin = time.monotonic()
        answer = self.send(connection, "GET", target.key)
        self.count(f"GET {answer.status}")
        if answer.status != 200:
            return self.fail(f"unexpected answer\n{answer}")
        self.judge(target, answer.body, begin, time.monotonic())

    # The copy has to be a state of the original between the request's begin and end.
    def copy(self, connection, rng, target):
        key = f"copy-{self.number()}"
        begin = time.monotonic()
        headers = [("x-amz-copy-source", f"/{BUCKET}/{target.key}")]
        answer = self.send(connection, "PUT", key, headers)
        end = time.monotonic()
        self.count(f"copy {answer.status}")
        if answer.status != 200:
            return self.fail(f"unexpected answer\n{answer}")
        copied = self.send(connection, "GET", key)
        self.judge(target, copied.body, begin, end)
        self.send(connection, "DELETE", key)

    # ---- the judge ----

    def judge(self, target, body, begin, end):
        if len(body) != CELLS * CELL:
            return self.fail(f"{target.key}: {len(body)} bytes")
        shown = []
        for cell in range(CELLS):
            numbers = struct.unpack_from(f"<{CELL // 8}Q", body, cell * CELL)
            if len(set(numbers)) != 1:
                return self.fail(f"{target.key}: cell {cell} is torn: {set(numbers)}")
            shown.append(numbers[0])
        with target.lock:
            writes = list(target.writes.values())
            by_number = dict(target.writes)
        for cell, number in enumerate(shown):
            write = by_number.get(number)
            if write is None or not write.lo <= cell < write.hi or write.begin > end:
                return self.fail(f"{target.key}: cell {cell} shows {number}, which nobody had written there")
            for other in writes:
                if other.lo <= cell < other.hi and other.begin > write.end and other.end < begin:
                    return self.fail(f"{target.key}: cell {cell} shows {number}, but {other.number} came after it")
        for number in set(shown):
            write = by_number[number]
            for cell in range(write.lo, write.hi):
                if by_number[shown[cell]].end < write.begin:
                    return self.fail(f"{target.key}: {number} is shown in part: cell {cell} has {shown[cell]}")

    # ---- running ----

    def connection_loop(self, index):
        rng = random.Random(f"{self.options.seed}/{index}")
        connection = wire.Connection(self.endpoint)
        while True:
            with self.lock:
                if self.patches_left == 0 or self.failures:
                    return
                action = rng.choices((self.patch, self.get, self.put, self.copy), (60, 30, 4, 6))[0]
                if action == self.patch:
                    self.patches_left -= 1
            action(connection, rng, rng.choice(self.objects))
            if not connection.open:
                connection = wire.Connection(self.endpoint)

    def run(self):
        connection = wire.Connection(self.endpoint)
        self.send(connection, "PUT", "")
        for target in self.objects:
            self.put(connection, None, target)
        threads = [threading.Thread(target=self.guarded, args=(i,)) for i in range(self.options.connections)]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - began
        connection = wire.Connection(self.endpoint)  # the first one has been idle for too long
        for target in self.objects:
            self.get(connection, None, target)
        for text in self.failures[:5]:
            print(text)
        print(f"patch storm: {self.options.patches} patches, {self.options.connections} connections, "
              f"{self.options.objects} objects, seed {self.options.seed}: {took:.0f} s, "
              f"{dict(sorted(self.counts.items()))}, {len(self.failures)} failures")
        return 1 if self.failures else 0

    def guarded(self, index):
        try:
            self.connection_loop(index)
        except Exception as error:  # pylint: disable=broad-except
            self.fail(f"connection {index}: {error!r}")


def check_judge(options):
    """The judge has to refuse what must never be seen, or its word is worth nothing."""
    def judged(cells, writes, begin):
        storm, target = Storm(options), Object("judged")
        for number, lo, hi, write_begin, write_end in writes:
            write = target.add(Write(number, lo, hi))
            write.begin, write.end = write_begin, write_end
        body = b"".join(struct.pack("<Q", number) * (CELL // 8) for number in cells)
        storm.judge(target, body, begin, begin + 1)
        return bool(storm.failures)

    first, later, beside = (1, 0, CELLS, 0, 1), (2, 0, 4, 2, 3), (3, 2, 6, 2.5, float("inf"))
    base = [1] * CELLS
    right = [[2] * 4 + base[4:], [2] * 2 + [3] * 4 + base[6:]]
    wrong = [base,                                  # what came after is not shown
             [2] * 3 + base[3:],                    # a write in part
             [9] * 4 + base[4:],                    # what nobody wrote
             [2] * 5 + base[5:],                    # where it was not written
             [2] * 2 + [3] * 2 + base[4:]]          # a write in part, beside another
    assert not any(judged(cells, [first, later, beside], 4) for cells in right)
    assert all(judged(cells, [first, later, beside], 4) for cells in wrong)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patches", type=int, default=10_000)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--objects", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    check_judge(options)
    sys.exit(Storm(options).run())


if __name__ == "__main__":
    main()
