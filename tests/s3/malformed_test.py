#!/usr/bin/env python3
"""Sends the gateway of the environment (README.md) what no client should, byte by byte, each on a connection of its own.

    malformed_test.py [--within SECONDS] [--only SUBSTRING] [--list]

Each has to be answered with a status that fits it, 4xx, within a second, and none may change anything. Prints each that was not, how many there
were, and the longest time. Exit code 1 if any was not. Rows that are called "control" are what others were made from, and right.
"""
import argparse
import collections
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from malformed import bodies, documents, heads, parameters, signatures  # noqa: E402
from malformed.table import Site, ask  # noqa: E402

TABLES = (heads, signatures, parameters, bodies, documents)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--within", type=float, default=1, metavar="SECONDS", help="more where a machine is busy with other things")
    parser.add_argument("--only", default="", metavar="SUBSTRING")
    parser.add_argument("--list", action="store_true", help="name them, send nothing but what makes them")
    options = parser.parse_args()
    site, slowest, wrong = Site(), (0.0, ""), 0
    counts = collections.Counter()
    try:
        for table in TABLES:
            for row in table.rows(site):
                if options.only not in row.name:
                    continue
                counts[table.__name__] += 1
                if options.list:
                    print(row.name)
                    continue
                began = time.monotonic()
                status = ask(site.endpoint, row)
                took = time.monotonic() - began
                slowest = max(slowest, (took, row.name))
                if status not in row.statuses or took > options.within:
                    wrong += 1
                    print(f"FAILED {row.name}: {status or 'no answer'} in {took:.2f} s, not {row.statuses}\n    {row.sent[:300]!r}")
        changed = site.is_as_it_was()
    finally:
        site.clear()
    if changed:
        wrong += 1
        print(f"FAILED: {changed}")
    print(", ".join(f"{count} {name.rsplit('.', 1)[-1]}" for name, count in counts.items()))
    print(f"{sum(counts.values())} malformed requests, {wrong} not refused as they should be; the slowest took {1000 * slowest[0]:.0f} ms: {slowest[1]}")
    return 1 if wrong or not counts else 0


if __name__ == "__main__":
    sys.exit(main())
