#pragma once

#include <string>
#include <string_view>

namespace pbfs {

/// Prints the failed condition with its place on stderr and aborts.
[[noreturn]] void CheckFailed(const char* file, int line, std::string_view condition, std::string_view message);

}  // namespace pbfs

/// States an invariant of the program; always on. Bytes from a disk, a peer or a user are never an invariant: those
/// get a Status. An optional second argument is text with the values: PBFS_CHECK(a < b, fmt::format("a={}", a)).
#define PBFS_CHECK(condition, ...)                                                        \
  do {                                                                                    \
    if (!(condition)) [[unlikely]]                                                        \
      ::pbfs::CheckFailed(__FILE__, __LINE__, #condition, std::string_view{__VA_ARGS__}); \
  } while (false)
