#!/usr/bin/env python3
"""Every finding of failures.py fires on a bad sample, and none on a good one."""
import unittest

import failures

SOURCES = {
    "libs/a/a_test.cc": "TEST(One, Works) {\n}\nTEST_F(Two,\n       WorksToo) {\n}\n  // TEST(One, IsACommentOnly)\n",
    "libs/a/contract.h": "TYPED_TEST_P(Typed, Works) {}\nTYPED_TEST_P(Orphan, Works) {}\n",
    "libs/a/b_test.cc": "INSTANTIATE_TYPED_TEST_SUITE_P(Memory, Typed, Fixture);\nTEST(One, F07_BearsItsNumber) {}\n",
    "tests/x/CMakeLists.txt": "pbfs_test(pbfs_x_test\n  SOURCES a.cc)\nadd_test(NAME x_script_test COMMAND y)\n",
    "tests/repository/sample.py": 'TEXT = """\nTEST(One, IsASample) {}\n"""\n',
}
TESTS = failures.known_tests(set(SOURCES), SOURCES.get)


def document(last_cells: dict = {}) -> str:
    """A document that is right but for what `last_cells` says of some rows."""
    good = {number: "`One.Works`" for number in failures.NUMBERS} | {"F07": "`One.F07_BearsItsNumber`"}
    return "\n".join(f"| {number} | happens | does | sees | {cell} |" for number, cell in (good | last_cells).items())


def without(number: str) -> str:
    return "\n".join(line for line in document().split("\n") if number not in line)


class FailuresTest(unittest.TestCase):
    def found(self, text: str, message: str):
        findings = failures.check(text, TESTS)
        self.assertTrue(any(message in finding for finding in findings), findings)

    def quiet(self, cell: str):
        self.assertEqual(failures.check(document({"F01": cell}), TESTS), [])

    def test_tests_are_found_in_the_sources(self):
        google = {"One.Works", "Two.WorksToo", "Typed.Works", "One.F07_BearsItsNumber"}
        self.assertEqual(TESTS, google | {"pbfs_x_test", "x_script_test"})

    def test_good_rows_are_quiet(self):
        for cell in ("`One.Works`", "`One.Works`, `Two.WorksToo`, `Typed.Works`", "`pbfs_x_test`", "`x_script_test`",
                     "not built yet (sites)", "being built (repairer)", "`One.Works`; being built (repairer)"):
            with self.subTest(cell=cell):
                self.quiet(cell)

    def test_a_test_that_is_not_there(self):
        for name in ("One.WorksNot", "One.IsACommentOnly", "One.IsASample", "Works", "One.Work", "pbfs_y_test", "Orphan.Works",
                     ""):
            with self.subTest(name=name):
                self.found(document({"F01": f"`One.Works`, `{name}`"}), f"there is no test {name}")

    def test_a_row_without_a_test_says_that_it_is_not_built(self):
        for cell in ("", "-", "not built", "being built", "not built yet ()"):
            with self.subTest(cell=cell):
                self.found(document({"F01": cell}), "F01: names no test")

    def test_a_number_is_missing(self):
        for number in ("F01", "F33", "F64"):
            with self.subTest(number=number):
                self.found(without(number), f"{number} is missing")
        self.found("", "F01 is missing")

    def test_a_number_is_doubled_or_unknown(self):
        for number, message in (("F05", "F05 is there more than once"), ("F65", "F65 is no failure"),
                                ("F00", "F00 is no failure"), ("F5", "F5 is no failure")):
            with self.subTest(number=number):
                self.found(document() + f"\n| {number} | happens | does | sees | `One.Works` |", message)

    def test_cells_are_all_there(self):
        self.found(without("F02") + "\n| F02 | happens | sees | `One.Works` |", "F02: a row has 5 cells")
        self.found(without("F02") + "\n| F02 | happens | | sees | `One.Works` |", "F02: a row has 5 cells")
        self.found(document({"F02": "`One.Works` | `One.Works`"}), "F02: a row has 5 cells")

    def test_nothing_but_tests_and_marks_in_the_last_cell(self):
        for cell in ("One.Works", "`One.Works` shows it", "`One.Works`, someday"):
            with self.subTest(cell=cell):
                self.found(document({"F02": cell}), "F02: the last cell has")

    def test_a_test_that_bears_a_number_is_in_its_row(self):
        self.found(document({"F07": "`One.Works`"}), "One.F07_BearsItsNumber is not in the row of F07")


if __name__ == "__main__":
    unittest.main()
