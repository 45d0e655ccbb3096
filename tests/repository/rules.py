#!/usr/bin/env python3
"""The repository's own rules: what a compiler does not check and a reviewer should not have to.

    tests/repository/rules.py            checks the tracked files; prints file:line, the rule, and what to use instead

A rule is a row of the tables below. rules_test.py holds a bad sample for each: a rule that cannot fire fails there.
Standard library only.
"""
import json
import os
import re
import subprocess
import sys
from typing import Callable, Iterator, NamedTuple

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SELF = "tests/repository/"  # samples of what is banned live here

CPP = (".cc", ".h")
CODE = CPP + (".py", ".cmake", ".sql", ".proto", ".sh", "CMakeLists.txt")
MAX_LINES = 800
MAX_MAIN_LINES = 40


class LineRule(NamedTuple):
    """No line of a file that ends with one of `files`, outside the folders `outside`, may match `pattern`."""
    name: str
    pattern: str
    instead: str
    files: tuple
    outside: tuple = ()
    comments: bool = False  # look into comments and strings as well


BASE = ("libs/base/",)
TRANSPORT = ("libs/adapters/", "libs/runtime/", "proto/", "tests/", "bench/")

LINE_RULES = [
    LineRule("thread", r"std::(this_thread|j?thread|async)\b|\bpthread_create\s*\(",
             "Thread, Executor or ParallelMap of libs/base: the simulator owns threads", CPP, BASE),
    LineRule("mutex", r"std::(recursive_|shared_|timed_)?mutex\b|std::condition_variable|std::(lock_guard|unique_lock|scoped_lock)\b",
             "Mutex, MutexLock and CondVar of libs/base/sync.h, with PBFS_GUARDED_BY", CPP, BASE),
    LineRule("sleep", r"\bsleep_(for|until)\b|\b(u|nano)sleep\s*\(|(?<![\w:.>])sleep\s*\(",
             "SleepFor of libs/base/sync.h, or wait for a condition with a deadline", CPP, BASE),
    LineRule("clock", r"\b(system|steady|high_resolution)_clock::now\b|\bgettimeofday\s*\(|\bclock_gettime\s*\(\s*CLOCK_(REALTIME|MONOTONIC)\b",
             "Clock or MonotonicNow() of libs/base: virtual time in the simulator", CPP, BASE),
    LineRule("random", r"(?<![\w:.>])s?rand\s*\(|\bstd::s?rand\b|\bstd::random_device\b|\bdrand48\b",
             "Random of libs/base: seeded in tests, the system's in programs", CPP, BASE),
    LineRule("transport", r'#\s*include\s*(<(grpc|google/protobuf|pqxx)|"[^"]*\.(grpc\.)?pb\.h")',
             "a port and its domain types: gRPC, protobuf and libpqxx stop at adapters and runtime", CPP, TRANSPORT),
    LineRule("using-namespace", r"\busing\s+namespace\b", "qualified names in headers", (".h",)),
    LineRule("skipped-test", r"\bDISABLED_|\bGTEST_SKIP\b",
             "a test that runs, or none: a skipped one proves nothing", CPP, (), True),
    LineRule("todo", r"\bTODO\b(?!\s*\(issue \d+\))", "TODO(issue N): the issue that removes it", CODE, (), True),
    LineRule("marker", r"\b(FIXME|XXX|HACK)\b|^(<<<<<<<|>>>>>>>) ", "TODO(issue N), or the finished code", CODE + (".md",), (), True),
    LineRule("machine-path", r"(?<![\w.$}])/(work|root|home)/\w",
             "a path relative to the repository, or a temporary directory", CODE + (".md", ".json", ".yaml", ".yml"), (), True),
]

# (rule, file): why it is right there. Keep it short.
EXCEPTIONS: dict = {}


class Finding(NamedTuple):
    file: str
    line: int
    rule: str
    text: str


TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<delimiter>[^\s()\\]{0,16})\(.*?\)(?P=delimiter)"'
    r'|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Za-z_])\'(?:\\.|[^\'\\\n])+\'', re.S)


def strip_comments(text: str) -> str:
    """C++ without comments and with empty strings, line numbers kept. The names of included files stay."""
    def blank(match: re.Match) -> str:
        start = text.rfind("\n", 0, match.start()) + 1
        token = match.group()
        if token[0] == '"' and re.match(r"\s*#\s*include", text[start:match.start()]):
            return token
        return ('""' if token[0] in "\"'R" else "") + "\n" * token.count("\n")
    return TOKEN.sub(blank, text)


def kind(file: str) -> str:
    """The name that decides which rules apply: scripts have no suffix."""
    return file + ".sh" if file.startswith(("scripts/", ".ci/")) and "." not in os.path.basename(file) else file


def check_lines(file: str, text: str) -> Iterator[Finding]:
    code = strip_comments(text).split("\n") if file.endswith(CPP) else text.split("\n")
    for rule in LINE_RULES:
        if not kind(file).endswith(rule.files) or file.startswith(rule.outside or ("\0",)):
            continue
        for number, line in enumerate(text.split("\n") if rule.comments else code, 1):
            if re.search(rule.pattern, line):
                yield Finding(file, number, rule.name, f"{line.strip()[:100]}\n    instead: {rule.instead}")


def check_length(file: str, text: str) -> Iterator[Finding]:
    lines = text.count("\n")
    if kind(file).endswith(CODE) and lines > MAX_LINES:
        yield Finding(file, lines, "file-length", f"{lines} lines, at most {MAX_LINES}\n    instead: find the second idea and give it a file")
    if file.endswith("/main.cc") and lines > MAX_MAIN_LINES:
        yield Finding(file, lines, "main-length",
                      f"{lines} lines, at most {MAX_MAIN_LINES}\n    instead: main.cc only composes; move logic to a library with a test")


def check_readmes(files: set) -> Iterator[Finding]:
    for file in files:
        folder, name = os.path.split(file)
        if name == "CMakeLists.txt" and os.path.join(folder, "README.md") not in files:
            yield Finding(file, 1, "readme", "no README.md beside it\n    instead: one paragraph: why the folder exists, what belongs in it")


def check_examples(read: Callable, files: set) -> Iterator[Finding]:
    """An example that nobody runs is wrong before long."""
    listed = read("examples/CMakeLists.txt") if "examples/CMakeLists.txt" in files else ""
    for file in files:
        if re.fullmatch(r"examples/.*\.cc", file) and os.path.basename(file) not in listed:
            yield Finding(file, 1, "example", "not in examples/CMakeLists.txt\n    instead: build it, and add_test() it with the label example")


def check_presets(read: Callable, files: set) -> Iterator[Finding]:
    """Mutants are for the tests of one preset; above all not in what ships."""
    if "CMakePresets.json" not in files:
        return
    for preset in json.loads(read("CMakePresets.json"))["configurePresets"]:
        value = preset.get("cacheVariables", {}).get("PBFS_MUTANTS", "OFF")
        if value != "OFF" and preset["name"] != "dev":
            yield Finding("CMakePresets.json", 1, "mutants", f"preset {preset['name']} sets PBFS_MUTANTS to {value}\n    instead: only dev has mutants")


def check(files: set, read: Callable) -> list:
    """Findings in `files` (paths from the root); `read(path)` gives a file's text."""
    findings = [*check_readmes(files), *check_examples(read, files), *check_presets(read, files)]
    for file in files:
        if file.startswith(SELF) or not kind(file).endswith(CODE + (".md", ".json", ".yaml", ".yml")):
            continue
        text = read(file)
        findings += [*check_lines(file, text), *check_length(file, text)]
    return sorted(f for f in findings if (f.rule, f.file) not in EXCEPTIONS)


def tracked_files() -> set:
    """What git tracks; in a tree without git (a tarball), every file outside build/."""
    # safe.directory: the clone may belong to somebody else, as in a container.
    git = subprocess.run(["git", "-c", "safe.directory=*", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if git.returncode == 0:
        names = git.stdout.split("\0")
    else:
        names = [os.path.relpath(os.path.join(folder, name), ROOT) for folder, _, names in os.walk(ROOT) for name in names]
    return {n for n in names if n and not n.startswith(("build/", ".git/")) and os.path.isfile(os.path.join(ROOT, n))}


def read_tracked(file: str) -> str:
    with open(os.path.join(ROOT, file), encoding="utf-8", errors="replace") as stream:
        return stream.read()


def main() -> int:
    files = tracked_files()
    findings = check(files, read_tracked)
    for finding in findings:
        print(f"{finding.file}:{finding.line}: [{finding.rule}] {finding.text}", file=sys.stderr)
    print(f"rules: {len(files)} files, {len(findings)} findings")
    return 1 if findings or not files else 0


if __name__ == "__main__":
    sys.exit(main())
