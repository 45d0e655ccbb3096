# Language level, warnings and sanitizers: everything that is the same for all targets.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

option(PBFS_WARNINGS_AS_ERRORS "Fail on a warning" OFF)
option(PBFS_FUZZERS "Build the libFuzzer targets (clang only)" OFF)
option(PBFS_TESTS "Build tests" ON)
option(PBFS_MUTANTS "Rules that tests can weaken (libs/base/mutants.h); never in what ships" OFF)
set(PBFS_SANITIZE "" CACHE STRING "Sanitizers to build with: address,undefined or thread")

find_program(PBFS_CCACHE ccache)
if(PBFS_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Clones of one machine share what they compile: paths below the source directory count as relative ones.
  set(launcher "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" CCACHE_NOHASHDIR=true "${PBFS_CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${launcher}")
  set(CMAKE_C_COMPILER_LAUNCHER "${launcher}")
endif()

add_compile_options(-Wall -Wextra -Wno-missing-field-initializers -Wshadow=local -Wnon-virtual-dtor)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # -Wshadow=local is spelled -Wshadow there; -Wthread-safety checks the annotations of libs/base/sync.h.
  add_compile_options(-Wthread-safety -Wno-unknown-warning-option -Wno-missing-braces)
endif()
if(PBFS_WARNINGS_AS_ERRORS)
  add_compile_options(-Werror)
endif()
if(PBFS_SANITIZE)
  add_compile_options(-fsanitize=${PBFS_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${PBFS_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-maybe-uninitialized)  # sees ghosts in instrumented code; dev and release look for it
  endif()
endif()
if(PBFS_FUZZERS)
  add_compile_options(-fsanitize=fuzzer-no-link)  # coverage everywhere, or libFuzzer is blind
endif()
