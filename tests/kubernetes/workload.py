#!/usr/bin/env python3
"""A client of S3 that knows what it was promised: writes, patches and reads objects of one bucket without end, in a pod of the cluster.

    workload.py --bucket NAME [--threads N] [--objects N]

What was acknowledged has to be there, at once and at the end. A request that nobody answered may have happened or not: both are right until a
read shows which. Environment: AWS_ENDPOINT_URL_S3, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, CA_FILE. Files in its folder (/tmp/load):

    successes   a line for each request that succeeded: when it was answered, in ms since 1970
    failures    a line for each wrong byte
    stop        somebody made it: ends, reads everything once more, and writes
    result      JSON: {"requests": N, "unanswered": N, "objects": N, "failures": [...]}
"""
import argparse
import json
import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from suite import signing, wire  # noqa: E402

FOLDER = "/tmp/load"
SIZE = 192 * 1024      # of an object at first
PAUSE_S = 0.03         # between two requests of a thread: the machine is for what is tested
PATIENCE_S = 240       # for the last look


class Unanswered(Exception):
    """The request may have happened."""


class Client:
    """One connection, made anew after a failure."""

    def __init__(self, url, ca, bucket):
        self.url, self.ca, self.bucket, self.connection = url, ca, bucket, None
        self.endpoint = wire.Endpoint(url, ca)

    def send(self, method, key, headers=(), body=b""):
        request = wire.Request(method, f"/{self.bucket}/{key}", [("Host", self.endpoint.netloc), *headers,
                                                                 ("Content-Length", str(len(body)))], body)
        signing.sign(request, signing.UNSIGNED)
        try:
            if self.connection is None or not self.connection.open:
                self.endpoint = wire.Endpoint(self.url, self.ca)  # the authority may be another by now
                self.connection = wire.Connection(self.endpoint)
                self.connection.socket.settimeout(30)
            answer = self.connection.exchange(request)
        except Exception as error:  # whatever a broken connection raises
            self.drop()
            raise Unanswered(repr(error)) from None
        if answer.status >= 500 or answer.status in (403, 429):  # 403: a gateway that cannot look up the key right now
            self.drop()
            raise Unanswered(f"{answer.status} {answer.body[:200]!r}")
        return answer

    def drop(self):
        if self.connection is not None:
            try:
                self.connection.close()
            except OSError:
                pass
        self.connection = None


class Object:
    """What one object may be: `states` are bytes, or None where it does not exist."""

    def __init__(self, key):
        self.key, self.states = key, [None]

    def promised(self, state):
        self.states = [state]

    def in_doubt(self, state):
        self.states.append(state)


class Thread(threading.Thread):
    def __init__(self, load, number):
        super().__init__()
        self.load, self.rng = load, random.Random(number)
        self.client = Client(load.url, load.ca, load.bucket)
        self.objects = [Object(f"object-{number}-{i}") for i in range(load.objects)]

    def run(self):
        while not self.load.stopped():
            target = self.rng.choice(self.objects)
            try:
                self.step(target)
                self.load.succeeded()
            except Unanswered as error:
                self.load.unanswered(error)
                time.sleep(0.1)
            time.sleep(PAUSE_S)

    def step(self, target):
        known = len(target.states) == 1
        if not known or self.rng.random() < 0.35:
            return self.read(target)
        if target.states[0] is None or self.rng.random() < 0.2:
            return self.put(target)
        if self.rng.random() < 0.03:
            return self.delete(target)
        return self.patch(target)

    def read(self, target):
        answer = self.client.send("GET", target.key)
        state = None if answer.status == 404 else answer.body
        if answer.status not in (200, 404):
            return self.load.failed(f"GET {target.key}: {answer.status} {answer.body[:200]!r}")
        if state not in target.states:
            return self.load.failed(f"GET {target.key}: {describe(state)}, and not one of {[describe(s) for s in target.states]}")
        return target.promised(state)

    def put(self, target):
        self.write(target, self.rng.randbytes(SIZE), "PUT", (), None)

    def patch(self, target):
        old = target.states[0]
        lo = self.rng.randrange(len(old))
        piece = self.rng.randbytes(self.rng.choice([1, 100, 4096, 20_000]))[:len(old) - lo]
        new = old[:lo] + piece + old[lo + len(piece):]
        self.write(target, new, "PATCH", [("Content-Range", f"bytes {lo}-{lo + len(piece) - 1}/*")], piece)

    def delete(self, target):
        self.write(target, None, "DELETE", (), b"")

    def write(self, target, new, method, headers, body):
        target.in_doubt(new)
        answer = self.client.send(method, target.key, headers, new if body is None else body)
        if answer.status in (200, 204):
            target.promised(new)
        elif answer.status == 409:
            return  # somebody else was quicker, maybe an earlier try of ours: a read will show
        else:
            self.load.failed(f"{method} {target.key}: {answer.status} {answer.body[:200]!r}")

    def last_look(self):
        end = time.monotonic() + PATIENCE_S
        for target in self.objects:
            while True:
                try:
                    self.read(target)
                    break
                except Unanswered as error:
                    if time.monotonic() > end:
                        self.load.failed(f"{target.key} cannot be read at the end: {error}")
                        break
                    time.sleep(0.5)


def describe(state):
    return "nothing" if state is None else f"{len(state)} bytes {hash(state) & 0xffff:04x}"


class Load:
    def __init__(self, options):
        self.bucket, self.objects = options.bucket, options.objects
        self.url, self.ca = os.environ["AWS_ENDPOINT_URL_S3"], os.environ.get("CA_FILE", "")
        self.lock, self.count, self.doubts, self.failures = threading.Lock(), 0, 0, []
        os.makedirs(FOLDER, exist_ok=True)
        self.successes = open(f"{FOLDER}/successes", "a", buffering=1)
        self.threads = [Thread(self, number) for number in range(options.threads)]

    def stopped(self):
        return os.path.exists(f"{FOLDER}/stop")

    def succeeded(self):
        with self.lock:
            self.count += 1
            self.successes.write(f"{time.time() * 1000:.0f}\n")

    def unanswered(self, error):
        with self.lock:
            self.doubts += 1
        print(error, file=sys.stderr, flush=True)

    def failed(self, text):
        with self.lock:
            self.failures.append(text)
            with open(f"{FOLDER}/failures", "a", encoding="utf-8") as file:
                file.write(text + "\n")

    def run(self):
        for thread in self.threads:
            thread.start()
        for thread in self.threads:
            thread.join()
        for thread in self.threads:
            thread.last_look()
        result = {"requests": self.count, "unanswered": self.doubts,
                  "objects": sum(len(thread.objects) for thread in self.threads), "failures": self.failures}
        with open(f"{FOLDER}/result.new", "w", encoding="utf-8") as file:
            json.dump(result, file)
        os.rename(f"{FOLDER}/result.new", f"{FOLDER}/result")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bucket", required=True)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--objects", type=int, default=8, help="of each thread")
    os.environ["PBFS_S3_ACCESS_KEY"] = os.environ["AWS_ACCESS_KEY_ID"]
    os.environ["PBFS_S3_SECRET_KEY"] = os.environ["AWS_SECRET_ACCESS_KEY"]
    Load(parser.parse_args()).run()
    time.sleep(1e9)  # somebody reads the result


if __name__ == "__main__":
    main()
