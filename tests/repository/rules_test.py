#!/usr/bin/env python3
"""Every rule fires on a bad sample, and keeps quiet where it must."""
import unittest

import rules

# rule -> (file, text) that must be found; one row per spelling that matters.
BAD = {
    "thread": [("libs/client/a.cc", "std::thread t;"), ("tools/a.h", "std::jthread t;"), ("libs/x/a.cc", "std::async(f);")],
    "mutex": [("libs/client/a.h", "std::mutex m;"), ("libs/x/a.cc", "std::condition_variable c;"),
              ("libs/x/a.cc", "std::lock_guard lock(m);")],
    "sleep": [("libs/x/a_test.cc", "std::this_thread::sleep_for(1s);"), ("tools/a.cc", "usleep(5);"), ("tools/a.cc", "  sleep(1);")],
    "clock": [("libs/x/a.cc", "auto n = std::chrono::system_clock::now();"), ("bench/a.cc", "steady_clock::now()")],
    "random": [("libs/x/a.cc", "int r = rand() % 6;"), ("libs/x/a.cc", "std::random_device d;")],
    "transport": [("libs/client/a.h", "#include <grpcpp/grpcpp.h>"), ("libs/catalog/a.cc", "#include <pqxx/pqxx>"),
                  ("libs/model/a.cc", "#include <google/protobuf/message.h>"),
                  ("services/catalog/a.cc", '#include "proto/pbfs/v1/catalog.pb.h"')],
    "using-namespace": [("libs/x/a.h", "using namespace std;")],
    "skipped-test": [("libs/x/a_test.cc", "TEST(A, DISABLED_B) {"), ("libs/x/a_test.cc", "  GTEST_SKIP();")],
    "todo": [("libs/x/a.cc", "// TODO: later"), ("libs/x/CMakeLists.txt", "# TODO(somebody): later")],
    "marker": [("libs/x/a.cc", "// FIXME wrong"), ("docs/a.md", "<<<<<<< HEAD")],
    "machine-path": [("libs/x/a.cc", '"/root/x"'), ("docs/a.md", "see /home/me/notes"), ("README.md", "cd /work/main"),
                     ("scripts/x", "cd /work/main"), (".ci/run", "cd /root/x")],
    "file-length": [("libs/x/a.cc", "int a;\n" * 801)],
    "main-length": [("services/catalog/main.cc", "int a;\n" * 41)],
    "readme": [("libs/x/CMakeLists.txt", "")],
    "example": [("examples/a.cc", "")],
    "mutants": [("CMakePresets.json", '{"configurePresets": [{"name": "release", "cacheVariables": {"PBFS_MUTANTS": "ON"}}]}')],
}

GOOD = [
    ("libs/base/sync.cc", "std::mutex m; std::thread t; std::chrono::system_clock::now();"),
    ("libs/x/a.cc", "// never std::thread, nor std::mutex"),
    ("libs/x/a.cc", "/* sleep_for\n system_clock::now */ int a;"),
    ("libs/x/a.cc", 'Log("std::mutex");'),
    ("libs/x/a.cc", "int big = 1'000'000; int x = operand(); Grand(); clock_.sleep(1); SleepFor(d);"),
    ("libs/x/a.cc", "using namespace std::chrono_literals;"),
    ("libs/adapters/grpc/a.h", "#include <grpcpp/grpcpp.h>"),
    ("libs/x/a.cc", "// TODO(issue 12): later"),
    ("libs/x/a.cc", '"pbfs/root/x"; "https://host.example/home"; "${dir}/work/x"; "/workers"'),
    ("libs/x/a.cc", "int a;\n" * 800),
    ("services/catalog/main.cc", "int a;\n" * 40),
    ("CMakePresets.json", '{"configurePresets": [{"name": "dev", "cacheVariables": {"PBFS_MUTANTS": "ON"}}, {"name": "release"}]}'),
]


def rules_found(file: str, text: str) -> set:
    tree = {file: text}
    if not file.endswith("CMakeLists.txt"):
        tree |= {"x/CMakeLists.txt": "", "x/README.md": ""}
    return {finding.rule for finding in rules.check(set(tree), tree.get)}


class RulesTest(unittest.TestCase):
    def test_every_rule_has_a_bad_sample(self):
        self.assertLessEqual({rule.name for rule in rules.LINE_RULES}, set(BAD))

    def test_every_rule_fires_on_its_bad_samples(self):
        for rule, samples in BAD.items():
            for file, text in samples:
                with self.subTest(rule=rule, file=file, text=text[:60]):
                    self.assertIn(rule, rules_found(file, text))

    def test_rules_keep_quiet_on_good_samples(self):
        for file, text in GOOD:
            with self.subTest(file=file, text=text[:60]):
                self.assertEqual(rules_found(file, text), set())

    def test_line_numbers_survive_the_removal_of_comments(self):
        text = '/* one\ntwo */\nchar q = \'"\'; // "\nauto s = R"x(\n")x";\nstd::mutex m;\n'
        findings = rules.check({"libs/x/a.cc"}, {"libs/x/a.cc": text}.get)
        self.assertEqual([(f.rule, f.line) for f in findings], [("mutex", 6)])

    def test_every_finding_says_what_to_use_instead(self):
        for samples in BAD.values():
            for file, text in samples:
                for finding in rules.check({file}, {file: text}.get):
                    self.assertIn("instead: ", finding.text)

    def test_an_exception_is_for_a_file_that_exists(self):
        for _, file in rules.EXCEPTIONS:
            self.assertIn(file, rules.tracked_files())


if __name__ == "__main__":
    unittest.main()
