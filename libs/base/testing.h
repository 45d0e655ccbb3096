#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/base/context.h"
#include "libs/base/result.h"

/// Small helpers for tests only.
namespace pbfs {

inline const Status& AsStatus(const Status& status) { return status; }
template <typename T>
Status AsStatus(const Result<T>& result) {
  return result.status();
}

/// How many times slower than usual this build runs, about.
#if defined(__SANITIZE_THREAD__)
inline constexpr int kTestSlowdown = 5;
#elif defined(__SANITIZE_ADDRESS__)
inline constexpr int kTestSlowdown = 2;
#else
inline constexpr int kTestSlowdown = 1;
#endif

/// A context that no healthy test reaches the end of.
inline Context TestContext() { return Context::WithTimeout(std::chrono::seconds(60) * kTestSlowdown); }

/// PBFS_TEST_SEED, or `fallback`. Print it in each randomised test: SCOPED_TRACE(seed).
inline uint64_t TestSeed(uint64_t fallback = 1) {
  const char* text = std::getenv("PBFS_TEST_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : fallback;
}
/// PBFS_TEST_SCALE (default 1) times `count`: how many random cases to run; fewer in a build that is slow, at least one. The
/// long runs set it to 100 or more.
inline int TestScaled(int count) {
  const char* text = std::getenv("PBFS_TEST_SCALE");
  return std::max(1, count * (text != nullptr ? std::atoi(text) : 1) / kTestSlowdown);
}

}  // namespace pbfs

#define EXPECT_OK(expression) EXPECT_EQ(::pbfs::AsStatus(expression).ToString(), "OK")
#define ASSERT_OK(expression) ASSERT_EQ(::pbfs::AsStatus(expression).ToString(), "OK")
#define EXPECT_CODE(expression, expected_code)                                                                    \
  do {                                                                                                            \
    const ::pbfs::Status pbfs_got = ::pbfs::AsStatus(expression);                                                 \
    EXPECT_EQ(::pbfs::StatusCodeName(pbfs_got.code()), ::pbfs::StatusCodeName(::pbfs::StatusCode::expected_code)) \
        << pbfs_got.ToString();                                                                                   \
  } while (false)
/// ASSERT_OK_AND_ASSIGN(auto x, F()).
#define ASSERT_OK_AND_ASSIGN(declaration, expression) \
  ASSERT_OK_AND_ASSIGN_INNER(PBFS_CONCAT(pbfs_result_, __LINE__), declaration, expression)
#define ASSERT_OK_AND_ASSIGN_INNER(result, declaration, expression) \
  auto result = (expression);                                       \
  ASSERT_EQ(result.status().ToString(), "OK");                      \
  declaration = *std::move(result)
