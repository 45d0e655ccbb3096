#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "libs/base/result.h"

/// Quantities of Kubernetes ("10Gi", "500m", "1e3"), exact. Source of the grammar, of rounding and of the canonical form:
/// k8s.io/apimachinery/pkg/api/resource/quantity.go. Pure.
namespace pbfs::operators {

class Quantity {
 public:
  /// What kind of suffix it was written with; an amount keeps it.
  enum class Form { kDecimal, kBinary, kExponent };

  Quantity() = default;  // 0

  /// A number, a sign before it or not, with a fraction or not, and one of n u m k M G T P E, Ki Mi Gi Ti Pi Ei, or a decimal
  /// exponent. Parts of a billionth are rounded away from zero, as the API server does.
  /// Errors: INVALID_ARGUMENT for anything else, for what is beyond 2^63-1, and for more digits than 2^63-1
  /// has in billionths (with Ki to Ei: for fewer, but never for 20 or less).
  static Result<Quantity> Parse(std::string_view text);

  /// The one text that an API server keeps for this amount: Parse("1000m") gives "1", Parse("1.5Gi") "1536Mi". What is sent
  /// otherwise differs from what is read back, for ever.
  std::string Canonical() const;

  bool IsWhole() const;
  /// Rounded up to an integer: bytes, where the amount is of bytes.
  int64_t Ceiling() const;

  /// By amount: "1Gi" equals "1024Mi".
  friend bool operator==(const Quantity& a, const Quantity& b) { return a.nanos_ == b.nanos_; }
  friend auto operator<=>(const Quantity& a, const Quantity& b) { return a.nanos_ <=> b.nanos_; }

 private:
  __extension__ using Nanos = __int128;
  Nanos nanos_ = 0;  // of at most 2^63-1 wholes
  Form form_ = Form::kDecimal;
};

}  // namespace pbfs::operators
