#include "services/operator/quantity.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

#include <fmt/format.h>

namespace pbfs::operators {
namespace {

__extension__ using Int128 = __int128;

constexpr Int128 kNanosOfOne = 1'000'000'000;
constexpr Int128 kMost = Int128{std::numeric_limits<int64_t>::max()} * kNanosOfOne;
constexpr int kNanoExponent = -9;
// As many as 2^63-1 has in billionths.
constexpr size_t kMaxDigits = 28;
constexpr Int128 kGreatest = ~(Int128{1} << 127);

// By thousands from nano, and by 1024 from Ki.
constexpr std::array<std::string_view, 10> kDecimalSuffixes = {"n", "u", "m", "", "k", "M", "G", "T", "P", "E"};
constexpr std::array<std::string_view, 7> kBinarySuffixes = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Takes the digits that `text` begins with.
std::string_view TakeDigits(std::string_view& text) {
  size_t count = 0;
  while (count < text.size() && IsDigit(text[count])) ++count;
  const std::string_view digits = text.substr(0, count);
  text.remove_prefix(count);
  return digits;
}

template <size_t N>
std::optional<int> IndexOf(const std::array<std::string_view, N>& suffixes, std::string_view suffix) {
  for (size_t i = 0; i < N; ++i)
    if (suffixes[i] == suffix) return static_cast<int>(i);
  return std::nullopt;
}

// The exponent of "e3" or "E-3".
std::optional<int> DecimalExponent(std::string_view suffix) {
  if (suffix.size() < 2 || (suffix[0] != 'e' && suffix[0] != 'E')) return std::nullopt;
  suffix.remove_prefix(1);
  if (suffix.size() > 1 && suffix[0] == '+' && IsDigit(suffix[1])) suffix.remove_prefix(1);
  int exponent = 0;
  const auto [end, error] = std::from_chars(suffix.data(), suffix.data() + suffix.size(), exponent);
  if (error != std::errc{} || end != suffix.data() + suffix.size()) return std::nullopt;
  return exponent;
}

// value * 10^exponent, rounded away from zero; nothing if that is more than kMost.
std::optional<Int128> Scale(Int128 value, int exponent) {
  for (; exponent > 0 && value != 0; --exponent) {
    if (value > kMost) return std::nullopt;
    value *= 10;
  }
  bool rest = false;
  for (; exponent < 0 && value != 0; ++exponent) {
    rest |= value % 10 != 0;
    value /= 10;
  }
  value += rest ? 1 : 0;
  return value <= kMost ? std::optional(value) : std::nullopt;
}

std::string WithDecimalSuffix(Int128 sign, Int128 nanos, bool exponent_form) {
  int exponent = kNanoExponent;
  for (; exponent < 18 && nanos % 1000 == 0; exponent += 3) nanos /= 1000;
  if (!exponent_form) return fmt::format("{}{}", sign * nanos, kDecimalSuffixes[static_cast<size_t>(exponent / 3 + 3)]);
  return exponent == 0 ? fmt::format("{}", sign * nanos) : fmt::format("{}e{}", sign * nanos, exponent);
}

std::string WithBinarySuffix(Int128 sign, Int128 whole) {
  size_t power = 0;
  for (; power + 1 < kBinarySuffixes.size() && whole % 1024 == 0; ++power) whole /= 1024;
  return fmt::format("{}{}", sign * whole, kBinarySuffixes[power]);
}

Status NotAQuantity(std::string_view text) {
  return InvalidArgumentError(fmt::format("\"{}\" is no quantity; write for instance 10Gi, 500m or 1e3", text));
}

struct Suffix {
  Quantity::Form form;
  int decimal_exponent;
  int binary_exponent;
};

std::optional<Suffix> ParseSuffix(std::string_view text) {
  using enum Quantity::Form;
  if (const auto decimal = IndexOf(kDecimalSuffixes, text)) return Suffix{kDecimal, *decimal * 3 + kNanoExponent, 0};
  if (const auto binary = IndexOf(kBinarySuffixes, text)) return Suffix{kBinary, 0, *binary * 10};
  if (const auto exponent = DecimalExponent(text)) return Suffix{kExponent, *exponent, 0};
  return std::nullopt;
}

Int128 ToNumber(std::string_view digits) {
  Int128 value = 0;
  for (const char digit : digits) value = value * 10 + (digit - '0');
  return value;
}

}  // namespace

Result<Quantity> Quantity::Parse(std::string_view text) {
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  std::string digits(TakeDigits(rest));
  std::string_view fraction;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    fraction = TakeDigits(rest);
  }
  if (digits.empty() && fraction.empty()) return NotAQuantity(text);
  while (fraction.ends_with('0')) fraction.remove_suffix(1);
  digits.append(fraction).erase(0, digits.find_first_not_of('0'));
  const auto suffix = ParseSuffix(rest);
  if (!suffix) return NotAQuantity(text);
  const Int128 number = digits.size() <= kMaxDigits ? ToNumber(digits) : kGreatest;
  if (number == kGreatest || number > kGreatest >> suffix->binary_exponent)
    return InvalidArgumentError(fmt::format("\"{}\" has too many digits", text));
  // No exponent that matters is beyond 100, and none beyond can overflow the sum.
  const int exponent =
      std::clamp(suffix->decimal_exponent, -100, 100) - static_cast<int>(fraction.size()) - kNanoExponent;
  const auto nanos = Scale(number << suffix->binary_exponent, exponent);
  if (!nanos) return InvalidArgumentError(fmt::format("\"{}\" is more than 2^63-1", text));
  Quantity out;
  out.nanos_ = negative ? -*nanos : *nanos;
  out.form_ = suffix->form;
  return out;
}

std::string Quantity::Canonical() const {
  if (nanos_ == 0) return "0";
  const Nanos sign = nanos_ < 0 ? -1 : 1;
  const Nanos size = nanos_ * sign;
  if (form_ == Form::kBinary && IsWhole() && size >= 1024 * kNanosOfOne)
    return WithBinarySuffix(sign, size / kNanosOfOne);
  return WithDecimalSuffix(sign, size, form_ == Form::kExponent);
}

bool Quantity::IsWhole() const { return nanos_ % kNanosOfOne == 0; }

int64_t Quantity::Ceiling() const {
  const auto whole = static_cast<int64_t>(nanos_ / kNanosOfOne);
  return nanos_ % kNanosOfOne > 0 ? whole + 1 : whole;
}

}  // namespace pbfs::operators
