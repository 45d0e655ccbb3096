"""What a client of a chaos run sent, and what it was told: a file of lines of JSON, on the disk before an op is sent
and again when its answer is there. So whoever looks at a run later knows of every byte who wrote it, and whether that
was acknowledged.

  {"op": 7, "at": ms, "kind": "write", "name": "a", "object": "...", "offset": 5, "size": 3, "seed": 12}
  {"op": 7, "at": ms, "end": "done" | "doubt" | "failed" | "died", "hlc": ..., "wid": ..., "code": ..., "message": ...}
"""

import json
import os
import random
import time
from typing import NamedTuple


def payload(seed, size):
    """The bytes of a write, from what its journal says."""
    return random.Random(seed).randbytes(size)


class Journal:
    def __init__(self, path):
        self.file = open(path, 'a')
        self.ops = 0

    def begin(self, kind, **what):
        self.ops += 1
        self.write({'op': self.ops, 'at': now_ms(), 'kind': kind, **what}, durably=True)
        return self.ops

    def end(self, op, how, durably=True, **what):
        self.write({'op': op, 'at': now_ms(), 'end': how, **what}, durably)

    def write(self, line, durably):
        self.file.write(json.dumps(line) + '\n')
        self.file.flush()
        if durably:
            os.fdatasync(self.file.fileno())


def now_ms():
    return int(time.time() * 1000)


class Entry(NamedTuple):
    begin: dict
    end: dict  # None: nothing is known of it


def read_journal(path):
    """[Entry], in the order in which they were sent. A last line that is cut short is none."""
    begins, ends = {}, {}
    with open(path) as file:
        for line in file:
            if not line.endswith('\n'):
                break
            entry = json.loads(line)
            (ends if 'end' in entry else begins)[entry['op']] = entry
    return [Entry(begin, ends.get(op)) for op, begin in sorted(begins.items())]


def longest_silence(times):
    """The longest time between two of these (ms, of ops that succeeded), in seconds."""
    times = sorted(times)
    return max((b - a for a, b in zip(times, times[1:])), default=0) / 1000
