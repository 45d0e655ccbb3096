#!/usr/bin/env python3
"""Runs the S3 suite against the gateway that the environment names (see README.md).

    run_suite.py [--list] [--topic NAME] [--case SUBSTRING] [--jobs N] [--pending]

--topic and --case may be repeated: any of them fits. --pending adds what is not built yet. Exit code 1 when a
case fails; the last line says how many did.
"""
import argparse
import collections
import concurrent.futures
import importlib
import os
import pkgutil
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import suite  # noqa: E402
from suite.pending import PENDING  # noqa: E402


class Result(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.began, self.seconds = {}, {}

    def startTest(self, test):
        super().startTest(test)
        self.began[test] = time.monotonic()

    def stopTest(self, test):
        super().stopTest(test)
        self.seconds[str(test)] = time.monotonic() - self.began.pop(test)


def topics() -> list:
    return sorted(module.name.removeprefix("topic_") for module in pkgutil.iter_modules(suite.__path__)
                  if module.name.startswith("topic_"))


def is_pending(case: unittest.TestCase) -> bool:
    return str(case).startswith(tuple(PENDING))


def load(wanted_topics: list, substrings: list, pending: bool) -> list:
    """A list of cases for each class."""
    classes = collections.defaultdict(list)
    loader = unittest.TestLoader()
    for topic in wanted_topics or topics():
        module = importlib.import_module("suite.topic_" + topic)
        for group in loader.loadTestsFromModule(module):
            for case in group:
                wanted = not substrings or any(text in str(case) for text in substrings)
                if wanted and (pending or not is_pending(case)):
                    classes[type(case)].append(case)
    return list(classes.values())


def run(cases: list) -> Result:
    result = Result()
    unittest.TestSuite(cases).run(result)
    return result


def report(result: Result) -> int:
    failed = result.failures + result.errors
    for case, trace in failed:
        print(f"\n==== FAILED {case}\n{trace}", flush=True)
    return len(failed)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true",
                        help="name the cases, and what is pending; run nothing")
    parser.add_argument("--topic", action="append", default=[], choices=topics())
    parser.add_argument("--case", action="append", default=[], metavar="SUBSTRING")
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--pending", action="store_true", help="with the cases of what is not built yet")
    parser.add_argument("--slowest", type=int, default=0, metavar="N", help="name the N slowest cases")
    options = parser.parse_args()
    groups = load(options.topic, options.case, options.pending)
    if options.list:
        print(*(case for group in groups for case in group), sep="\n")
        for case, reason in PENDING.items():
            print(f"pending: {case}: {reason}")
        return 0
    needed = ("PBFS_S3_ENDPOINT", "PBFS_S3_ACCESS_KEY", "PBFS_S3_SECRET_KEY")
    if not all(os.environ.get(name) for name in needed):
        parser.error("needs " + ", ".join(needed))
    failed, seconds = 0, {}
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for done in concurrent.futures.as_completed([pool.submit(run, group) for group in groups]):
            failed += report(done.result())
            seconds.update(done.result().seconds)
    for case, took in sorted(seconds.items(), key=lambda item: -item[1])[:options.slowest]:
        print(f"{took:7.2f} s  {case}")
    print(f"S3 suite: {sum(len(group) for group in groups)} cases, {failed} failed")
    return 1 if failed or not groups else 0


if __name__ == "__main__":
    sys.exit(main())
