#!/usr/bin/env python3
"""Random patches by many connections, among GETs, PUTs and copies of the same objects; every answer is judged.

    tests/s3/patch_storm.py [--patches 10000] [--connections 16] [--objects 64] [--versioned N] [--seed N]

Each write fills cells of 64 bytes with its own number, so that a GET says which write each cell comes from. With the times at
which requests began and ended, a cell may show a write w if w began before the GET ended, and no write that covers the cell began
after w had ended and itself ended before the GET began. Where a GET shows w in one cell, none of w's other cells may show what ended
before w began: a write is seen whole. At the end, with nothing under way, every object has to be such a state, and the same through
every connection. Environment as for run_suite.py.
"""
import argparse
import hashlib
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
BUCKET, VERSIONED_BUCKET = "patch-storm", "patch-storm-versions"


class Write:
    """One write of cells [lo, hi) of an object. `end` is infinite while it may still happen, and of one that nobody answered for."""

    def __init__(self, number, lo, hi):
        self.number, self.lo, self.hi = number, lo, hi
        self.begin, self.end, self.happened = time.monotonic(), float("inf"), False

    def data(self):
        return struct.pack("<Q", self.number) * (CELL // 8) * (self.hi - self.lo)

    def over(self, body):
        """What the body is after it."""
        return body[:self.lo * CELL] + self.data() + body[self.hi * CELL:]


class Object:
    def __init__(self, key, versioned=False):
        self.key, self.versioned, self.lock, self.writes = key, versioned, threading.Lock(), {}
        self.bucket = VERSIONED_BUCKET if versioned else BUCKET
        self.versions = {}   # id -> the write that made it
        self.digests = {}    # id -> of the bytes that it showed first
        self.forgotten = {}  # id -> its bytes, which were read before

    def add(self, write):
        with self.lock:
            self.writes[write.number] = write
        return write

    def old_version(self, rng):
        """(id, write) of one that is not the newest: another was made after it; None if there is none."""
        with self.lock:
            latest = max(write.begin for write in self.versions.values())
            old = [(version, write) for version, write in self.versions.items() if write.end < latest]
        return rng.choice(old) if old else None


class Storm:
    def __init__(self, options):
        self.options = options
        self.endpoint = wire.Endpoint(os.environ["PBFS_S3_ENDPOINT"])
        self.objects = [Object(f"object-{i:02}", i < options.versioned) for i in range(options.objects)]
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

    def send(self, connection, method, bucket, key, headers=(), body=b"", query=""):
        target = f"/{bucket}" + ("/" + urllib.parse.quote(key) if key else "") + ("?" + query if query else "")
        request = wire.Request(method, target, [("Host", self.endpoint.netloc), *headers,
                                                ("Content-Length", str(len(body)))], body)
        signing.sign(request, signing.UNSIGNED)
        connection.write(request.head() + body)
        return connection.read(request)

    def send_version(self, connection, method, target, version):
        query = "versionId=" + urllib.parse.quote(version, safe="")
        return self.send(connection, method, target.bucket, target.key, query=query)

    # ---- what connections do ----

    def put(self, connection, rng, target):
        write = target.add(Write(self.number(), 0, CELLS))
        answer = self.send(connection, "PUT", target.bucket, target.key, body=write.data())
        self.settle(target, write, answer, {200})

    def patch(self, connection, rng, target):
        lo = rng.randrange(CELLS)
        write = target.add(Write(self.number(), lo, min(CELLS, lo + 1 + int(rng.expovariate(1 / 8)))))
        headers = [("Content-Range", f"bytes {write.lo * CELL}-{write.hi * CELL - 1}/*")]
        answer = self.send(connection, "PATCH", target.bucket, target.key, headers, write.data())
        self.settle(target, write, answer, {200}, {409})

    def settle(self, target, write, answer, good, conflicts=frozenset()):
        if answer.status in good:
            write.happened, write.end = True, time.monotonic()
            version = answer.get("x-amz-version-id")
            if (version is not None) != target.versioned or version in target.versions:
                return self.fail(f"{target.key}: the id of a version is missing, or not its own\n{answer}")
            if target.versioned:
                with target.lock:
                    target.versions[version] = write
        elif answer.status not in conflicts:
            self.fail(f"unexpected answer\n{answer}")
        self.count(f"{answer.request.method} {answer.status}")

    def get(self, connection, rng, target):
        begin = time.monotonic()
        answer = self.send(connection, "GET", target.bucket, target.key)
        self.count(f"GET {answer.status}")
        if answer.status != 200:
            return self.fail(f"unexpected answer\n{answer}")
        self.judge(target, answer.body, begin, time.monotonic())
        if target.versioned:
            self.judge_version(target, answer.get("x-amz-version-id"), answer.body)

    # The copy has to be a state of the original between the request's begin and end.
    def copy(self, connection, rng, target):
        key = f"copy-{self.number()}"
        begin = time.monotonic()
        headers = [("x-amz-copy-source", f"/{target.bucket}/{target.key}")]
        answer = self.send(connection, "PUT", target.bucket, key, headers)
        end = time.monotonic()
        self.count(f"copy {answer.status}")
        if answer.status != 200:
            return self.fail(f"unexpected answer\n{answer}")
        copied = self.send(connection, "GET", target.bucket, key)
        self.judge(target, copied.body, begin, end)
        if not target.versioned:
            return self.send(connection, "DELETE", target.bucket, key)
        self.judge_version(target, answer.get("x-amz-copy-source-version-id"), copied.body)
        self.send_version(connection, "DELETE", Object(key, True), answer.get("x-amz-version-id"))

    # Versions that are there stay as they are.
    def look_back(self, connection, rng, target):
        with target.lock:
            versions = list(target.versions)
        version = rng.choice(versions)
        answer = self.send_version(connection, "GET", target, version)
        self.count(f"GET of a version {answer.status}")
        if answer.status == 404:  # forgotten meanwhile
            with target.lock:
                if version in target.forgotten:
                    return
        if answer.status != 200:
            return self.fail(f"unexpected answer\n{answer}")
        self.judge_version(target, version, answer.body)

    def forget(self, connection, rng, target):
        old = target.old_version(rng)
        if old is None:
            return
        version, _ = old
        last = self.send_version(connection, "GET", target, version)
        with target.lock:
            write = target.versions.pop(version, None)
            if write is None:  # by another connection
                return
            target.forgotten[version] = last.body
        answer = self.send_version(connection, "DELETE", target, version)
        gone = self.send_version(connection, "GET", target, version)
        self.count(f"DELETE of a version {answer.status}")
        if (last.status, answer.status, gone.status) != (200, 204, 404) or write.over(last.body) != last.body:
            self.fail(f"a version is not forgotten, or was not right\n{last}\n{answer}\n{gone}")

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

    def judge_version(self, target, version, body):
        """What a version shows: its write, and what it showed before. The version may be one whose write is not answered yet."""
        digest = hashlib.sha256(body).digest()
        with target.lock:
            first = target.digests.setdefault(version, digest)
            write = target.versions.get(version)
        if first != digest:
            return self.fail(f"{target.key}: version {version} shows what it did not show before")
        if write is not None and write.over(body) != body:
            self.fail(f"{target.key}: version {version} lacks what {write.number} wrote")

    def judge_chain(self, target, versions):
        """`versions`: (id, bytes) of all that are left, from the oldest on."""
        left = {version for version, _ in versions}
        for version in set(target.versions) - left:
            self.fail(f"{target.key}: version {version} is missing")
        before = None
        for version, body in versions:
            write = target.versions.get(version)
            if write is None:
                if before is not None:
                    self.fail(f"{target.key}: nobody made version {version}")
                continue  # of an earlier storm
            self.judge_version(target, version, body)
            whole = (write.lo, write.hi) == (0, CELLS)
            parents = list(target.forgotten.values()) + ([before] if before is not None else [])
            if not whole and body not in (write.over(parent) for parent in parents):
                self.fail(f"{target.key}: version {version} is not the one before with {write.number} over it")
            before = body

    # ---- running ----

    def connection_loop(self, index):
        rng = random.Random(f"{self.options.seed}/{index}")
        connection = wire.Connection(self.endpoint)
        while True:
            with self.lock:
                if self.patches_left == 0 or self.failures:
                    return
                target = rng.choice(self.objects)
                actions = {self.patch: 60, self.get: 30, self.put: 4, self.copy: 6}
                if target.versioned:
                    actions |= {self.look_back: 30, self.forget: 10}
                action = rng.choices(list(actions), list(actions.values()))[0]
                if action == self.patch:
                    self.patches_left -= 1
            action(connection, rng, target)
            if not connection.open:
                connection = wire.Connection(self.endpoint)

    def make_buckets(self, connection):
        self.send(connection, "PUT", BUCKET, "")
        if not self.options.versioned:
            return
        self.send(connection, "PUT", VERSIONED_BUCKET, "")
        document = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
        answer = self.send(connection, "PUT", VERSIONED_BUCKET, "", body=document, query="versioning")
        if answer.status != 200:
            self.fail(f"no versions\n{answer}")

    def check_versions(self, connection, target):
        """All that are left, page by page."""
        found, markers, more = [], {}, True
        while more:
            query = urllib.parse.urlencode({"versions": "", "prefix": target.key, "max-keys": 100} | markers)
            answer = self.send(connection, "GET", target.bucket, "", query=query)
            page = ElementTree.fromstring(answer.body)
            for element in page.iter():
                element.tag = element.tag.rsplit("}", 1)[-1]
            found += [element.findtext("VersionId") for element in page.iter("Version")
                      if element.findtext("Key") == target.key]
            markers = {"key-marker": target.key, "version-id-marker": page.findtext("NextVersionIdMarker")}
            more = page.findtext("IsTruncated") == "true"
        bodies = ((version, self.send_version(connection, "GET", target, version).body) for version in reversed(found))
        self.judge_chain(target, list(bodies))

    def run(self):
        connection = wire.Connection(self.endpoint)
        self.make_buckets(connection)
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
            if target.versioned:
                self.check_versions(connection, target)
        for text in self.failures[:5]:
            print(text)
        print(f"patch storm: {self.options.patches} patches, {self.options.connections} connections, "
              f"{self.options.objects} objects, {self.options.versioned} of them with versions, "
              f"seed {self.options.seed}: {took:.0f} s, "
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


def check_judge_of_versions(options):
    """The same of versions and their chain."""
    first, second, third = Write(1, 0, CELLS), Write(2, 0, 4), Write(3, 2, 6)
    one = first.over(bytes(CELLS * CELL))
    two, three = second.over(one), third.over(second.over(one))
    writes = {"a": first, "b": second, "c": third}

    def refused(deed, forgotten=()):
        storm, target = Storm(options), Object("judged", True)
        target.versions = {version: write for version, write in writes.items() if version not in dict(forgotten)}
        target.forgotten = dict(forgotten)
        deed(storm, target)
        return bool(storm.failures)

    def chain(*versions, forgotten=()):
        return refused(lambda storm, target: storm.judge_chain(target, list(versions)), forgotten)

    def shown(*versions):
        return refused(lambda storm, target: [storm.judge_version(target, *version) for version in versions])

    right = [("a", one), ("b", two), ("c", three)]
    assert not chain(*right)
    assert not chain(("old", three), *right)                           # of an earlier storm
    assert not chain(("a", one), ("c", three), forgotten=[("b", two)])
    assert chain(("a", one), ("b", two), ("c", third.over(one)))       # a patch is lost
    assert chain(("a", one), ("c", third.over(one)), ("b", two))       # also a patch that was made beside another
    assert chain(("a", one), ("b", two))                               # a version is missing
    assert chain(("a", two), ("b", two), ("c", three))                 # what came later is in an older version
    assert chain(("a", one), ("b", one), ("c", three))                 # a version without its write
    assert chain(("a", one), ("b", two), ("x", two), ("c", three))     # one that nobody made
    assert not shown(("a", one), ("b", two), ("a", one), ("later", two))
    assert shown(("a", one), ("a", two))                               # a version changes
    assert shown(("b", one))                                           # a version without its write
    assert shown(("later", one), ("later", two))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patches", type=int, default=10_000)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--objects", type=int, default=64)
    parser.add_argument("--versioned", type=int, default=0, metavar="N", help="N of the objects have versions")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    check_judge(options)
    check_judge_of_versions(options)
    sys.exit(Storm(options).run())


if __name__ == "__main__":
    main()
