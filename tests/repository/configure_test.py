#!/usr/bin/env python3
"""The dependency rule and the rule of registered tests stop CMake with a message that names the culprit.

Configures throw-away projects that use the real cmake/PbfsTargets.cmake and nothing else: configure_test.py SOURCE_DIR
"""
import os
import subprocess
import sys
import tempfile
import unittest

SOURCE = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else os.getcwd()

HEAD = """
cmake_minimum_required(VERSION 3.25)
project(sample LANGUAGES NONE)
set(PBFS_TESTS ON)
include("%s/cmake/PbfsTargets.cmake")
foreach(name grpc threads pqxx)
  add_library(ext_${name} INTERFACE)
  add_library(ext::${name} ALIAS ext_${name})
endforeach()
function(lib target layer)
  pbfs_library(${target} LAYER ${layer} SOURCES a.cc DEPS ${ARGN})
  set_target_properties(${target} PROPERTIES LINKER_LANGUAGE CXX)
endfunction()
""" % SOURCE

TAIL = """
pbfs_check_layers()
pbfs_check_tests_registered()
message(STATUS "reached the end")
return()
"""


def configure(body: str, files: tuple = ()) -> tuple:
    """Configures a project with `body` between the includes and the checks: (did it succeed, one line of output)."""
    with tempfile.TemporaryDirectory(prefix="pbfs-configure-") as folder:
        for name in ("CMakeLists.txt", "a.cc", *files):
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as stream:
                stream.write(HEAD + body + TAIL if name == "CMakeLists.txt" else "")
        command = ["cmake", "-G", "Ninja", "-S", folder, "-B", os.path.join(folder, "build")]  # there may be no make
        run = subprocess.run(command, capture_output=True, text=True)
        output = " ".join((run.stdout + run.stderr).split())
        return "reached the end" in output, output


class ConfigureTest(unittest.TestCase):
    def refused(self, message: str, body: str, files: tuple = ()):
        passed, output = configure(body, files)
        self.assertFalse(passed, output)
        self.assertIn(message, output)

    def test_lower_layers_may_be_linked(self):
        passed, output = configure("""
          lib(pbfs_base base ext::threads)
          lib(pbfs_model pure pbfs_base)
          lib(pbfs_catalog port pbfs_base pbfs_model)
          lib(pbfs_client client pbfs_catalog pbfs_model)
          lib(pbfs_adapter adapter pbfs_catalog ext::grpc ext::pqxx)
          lib(pbfs_service logic pbfs_catalog pbfs_client)
          lib(pbfs_program program pbfs_service pbfs_adapter)
          set_property(GLOBAL APPEND PROPERTY PBFS_ALL_TEST_FILES ${PROJECT_SOURCE_DIR}/libs/a_test.cc)""", ("libs/a_test.cc",))
        self.assertTrue(passed, output)

    def test_pure_must_not_link_an_adapter(self):
        self.refused("dependency rule: pbfs_model (pure) must not link pbfs_disk (adapter)",
                     "lib(pbfs_disk adapter)\nlib(pbfs_model pure pbfs_disk)")

    def test_logic_must_not_link_an_adapter(self):
        self.refused("dependency rule: pbfs_service (logic) must not link pbfs_disk (adapter)",
                     "lib(pbfs_disk adapter)\nlib(pbfs_service logic pbfs_disk)")

    def test_services_must_not_link_each_other(self):
        self.refused("dependency rule: pbfs_one (logic) must not link pbfs_two (logic)",
                     "lib(pbfs_two logic)\nlib(pbfs_one logic pbfs_two)")

    def test_the_client_must_not_link_grpc(self):
        self.refused("dependency rule: pbfs_client (client) must not link ext::grpc", "lib(pbfs_client client ext::grpc)")

    def test_what_is_not_declared_must_not_be_linked(self):
        self.refused("dependency rule: pbfs_model links stranger", "add_library(stranger INTERFACE)\nlib(pbfs_model pure stranger)")

    def test_an_unregistered_test_is_refused(self):
        for file in ("libs/model/lost_test.cc", "services/catalog/lost_test.cc", "tools/pbfs/lost_test.cc", "tests/x/lost_test.cc"):
            with self.subTest(file=file):
                self.refused("unregistered test: ", "", (file,))


if __name__ == "__main__":
    unittest.main()
