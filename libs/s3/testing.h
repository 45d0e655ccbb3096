#pragma once

#include "libs/base/testing.h"
#include "libs/s3/errors.h"

/// Helpers for the tests of this folder and of the gateway.
namespace pbfs::s3 {

/// The name of the S3 code; "OK", or the Status if it carries none.
template <typename T>
std::string CodeNameOf(const T& outcome) {
  const Status status = AsStatus(outcome);
  return status.Detail("s3-code").value_or(status.ToString());
}

}  // namespace pbfs::s3

#define EXPECT_S3(expression, expected) EXPECT_EQ(::pbfs::s3::CodeNameOf(expression), expected)
