#!/usr/bin/env python3
"""Holds the failure matrix and the tests together.

    tests/repository/failures.py         checks docs/operations/failures.md against the tests in the sources

The document has tables with one row a failure, F01 to F64. The last cell of a row names the tests that show it, in
backticks: `Suite.Test` as GoogleTest calls it, or the name of a test of ctest. What no test shows yet says so, and what is
missing: `not built yet (what)` or `being built (what)`; beside tests that means: they show a part. A test that bears a
failure's number (F07_...) stands in that failure's row. failures_test.py holds a bad sample for each finding.
Standard library only.
"""
import re
import sys
from typing import Callable, Iterator, NamedTuple

import rules

DOCUMENT = "docs/operations/failures.md"
NUMBERS = [f"F{number:02}" for number in range(1, 65)]
COLUMNS = 5

NAME = re.compile(r"`([^`]*)`")
MARK = re.compile(r"(not built yet|being built) \([^()]+\)")
GOOGLE_TEST = re.compile(r"^TEST(?:_F)?\(\s*(\w+)\s*,\s*(\w+)\s*\)", re.M)
TYPED_TEST = re.compile(r"^TYPED_TEST(?:_P)?\(\s*(\w+)\s*,\s*(\w+)\s*\)", re.M)
INSTANCE = re.compile(r"INSTANTIATE_TYPED_TEST_SUITE_P\(\s*\w+\s*,\s*(\w+)\s*,|^TYPED_TEST_SUITE\(\s*(\w+)\s*,", re.M)
CTEST = re.compile(r"^\s*(?:pbfs_(?:cluster_|repository_)?test\(|add_test\(NAME )\s*(\w+)", re.M)


class Row(NamedTuple):
    line: int
    number: str
    cells: list  # all of the row's, the number included
    tests: list
    marked: bool

    @property
    def text(self) -> str:
        return self.cells[-1]


def rows(document: str) -> list:
    """The table's rows: lines that begin with a cell F<digits>."""
    found = []
    for line, text in enumerate(document.split("\n"), 1):
        if not re.match(r"\|\s*F\d+\s*\|", text):
            continue
        cells = [cell.strip() for cell in text.strip().strip("|").split("|")]
        found.append(Row(line, cells[0], cells, NAME.findall(cells[-1]), bool(MARK.search(cells[-1]))))
    return found


def known_tests(files: set, read: Callable) -> set:
    """Names of the tests in the sources: Suite.Test, and those of ctest."""
    tests, typed, instances = set(), set(), set()
    for file in files:
        if file.startswith(rules.SELF) and file.endswith(".py"):
            continue
        if file.endswith((".cc", ".h")):
            text = read(file)
            tests |= {".".join(match) for match in GOOGLE_TEST.findall(text)}
            typed |= set(TYPED_TEST.findall(text))
            instances |= {name for match in INSTANCE.findall(text) for name in match if name}
        elif file.endswith("CMakeLists.txt"):
            tests |= set(CTEST.findall(read(file)))
    return tests | {f"{suite}.{name}" for suite, name in typed if suite in instances}


def check_numbers(table: list) -> Iterator[str]:
    have = [row.number for row in table]
    for number in NUMBERS:
        if number not in have:
            yield f"{number} is missing"
    for row in table:
        if row.number not in NUMBERS:
            yield f"line {row.line}: {row.number} is no failure of the matrix"
        elif have.count(row.number) > 1:
            yield f"line {row.line}: {row.number} is there more than once"


def check_row(row: Row, tests: set) -> Iterator[str]:
    where = f"line {row.line}: {row.number}"
    if len(row.cells) != COLUMNS or not all(row.cells):
        yield f"{where}: a row has {COLUMNS} cells, none of them empty"
    for name in row.tests:
        if name not in tests:
            yield f"{where}: there is no test {name}"
    if not row.tests and not row.marked:
        yield f"{where}: names no test, and does not say `not built yet (...)` or `being built (...)`"
    rest = MARK.sub("", NAME.sub("", row.text)).strip(" ,;")
    if re.search(r"\w", rest):
        yield f"{where}: the last cell has tests in backticks and what is not built, nothing else: {rest}"


def check_numbered_tests(table: list, tests: set) -> Iterator[str]:
    named = {row.number: row.tests for row in table}
    for test in sorted(tests):
        number = re.search(r"\.(F\d\d)(?!\d)", test)
        if number and test not in named.get(number[1], []):
            yield f"{test} is not in the row of {number[1]}"


def check(document: str, tests: set) -> list:
    table = rows(document)
    findings = [*check_numbers(table)]
    for row in table:
        findings += check_row(row, tests)
    return findings + [*check_numbered_tests(table, tests)]


def main() -> int:
    files = rules.tracked_files()
    document = rules.read_tracked(DOCUMENT)
    findings = check(document, known_tests(files, rules.read_tracked))
    for finding in findings:
        print(f"{DOCUMENT}: {finding}", file=sys.stderr)
    table = rows(document)
    shown = sum(1 for row in table if row.tests and not row.marked)
    partly = sum(1 for row in table if row.tests and row.marked)
    not_yet = len(table) - shown - partly
    print(f"failures: {len(table)} rows, {shown} shown by tests, {partly} in part, {not_yet} not yet; {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
