#include "services/operator/field_reader.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace pbfs::operators {
namespace {

const Json kNone;

// int64_t holds every bound, and unsigned values beyond it are out of all.
std::optional<int64_t> AsInteger(const Json& value) {
  if (value.is_number_unsigned() && value.get<uint64_t>() > INT64_MAX) return std::nullopt;
  if (value.is_number_integer()) return value.get<int64_t>();
  return std::nullopt;
}

}  // namespace

FieldReader::FieldReader(const Json& object, std::string path, Violations& found)
    : object_(object), path_(std::move(path)), found_(found) {
  if (!object_.is_null() && !object_.is_object()) Note(path_, "must be an object");
}

const Json& FieldReader::Member(const char* name) const {
  if (!object_.is_object()) return kNone;
  const auto at = object_.find(name);
  return at == object_.end() ? kNone : *at;
}

bool FieldReader::Bool(const char* name, bool fallback) const {
  const Json& value = Member(name);
  if (value.is_boolean()) return value.get<bool>();
  if (!value.is_null()) Wrong(name, "must be true or false");
  return fallback;
}

int64_t FieldReader::Integer(const char* name, int64_t lo, int64_t hi, int64_t fallback) const {
  if (!Has(name)) return fallback;
  const std::optional<int64_t> value = AsInteger(Member(name));
  if (value && *value >= lo && *value <= hi) return *value;
  Wrong(name, fmt::format("must be a whole number from {} to {}", lo, hi));
  return fallback;
}

std::optional<int> FieldReader::OptionalInt(const char* name, int lo, int hi) const {
  if (!Has(name)) return std::nullopt;
  return Int(name, lo, hi, lo);
}

std::string FieldReader::Text(const char* name, size_t least, size_t most, const std::string& fallback) const {
  const Json& value = Member(name);
  if (value.is_null()) {
    if (least > 0 && fallback.empty()) Wrong(name, "is required");
    return fallback;
  }
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (text.size() >= least && text.size() <= most) return text;
  }
  Wrong(name, fmt::format("must be a text of {} to {} characters", least, most));
  return fallback;
}

std::optional<std::string> FieldReader::OptionalText(const char* name, size_t most) const {
  if (!Has(name)) return std::nullopt;
  return Text(name, 0, most);
}

std::string FieldReader::OneOf(const char* name, std::initializer_list<const char*> words,
                               const std::string& fallback) const {
  const Json& value = Member(name);
  if (value.is_null()) return fallback;
  for (const char* word : words)
    if (value == word) return word;
  Wrong(name, fmt::format("must be one of {}", fmt::join(words, ", ")));
  return fallback;
}

StringMap FieldReader::Texts(const char* name, size_t most, size_t most_bytes) const {
  StringMap out;
  const Json members = Object(name);
  for (const auto& [key, value] : members.items()) {
    if (value.is_string() && value.get_ref<const std::string&>().size() <= most_bytes)
      out[key] = value.get<std::string>();
    else
      Note(PathOf(name) + "." + key, fmt::format("must be a text of at most {} characters", most_bytes));
  }
  if (out.size() > most) Wrong(name, fmt::format("must have at most {} entries", most));
  return out;
}

std::vector<std::string> FieldReader::TextList(const char* name, size_t most, size_t most_bytes) const {
  std::vector<std::string> out;
  for (const Json& value : List(name, most)) {
    if (value.is_string() && !value.get_ref<const std::string&>().empty() &&
        value.get_ref<const std::string&>().size() <= most_bytes)
      out.push_back(value.get<std::string>());
    else
      Wrong(name, fmt::format("must hold texts of 1 to {} characters", most_bytes));
  }
  return out;
}

Quantity FieldReader::AmountOf(const Json& value, const std::string& path) const {
  if (!value.is_string() && !value.is_number_integer()) {
    Note(path, "must be a quantity, for instance 10Gi");
    return {};
  }
  const auto amount = Quantity::Parse(value.is_string() ? value.get<std::string>() : value.dump());
  if (!amount.ok()) Note(path, amount.status().message());
  return amount.value_or(Quantity());
}

Quantity FieldReader::Amount(const char* name) const {
  if (Has(name)) return AmountOf(Member(name), PathOf(name));
  Wrong(name, "is required");
  return {};
}

Quantities FieldReader::Amounts(const char* name, size_t most) const {
  Quantities out;
  const Json members = Object(name);
  for (const auto& [key, value] : members.items()) out[key] = AmountOf(value, PathOf(name) + "." + key);
  if (out.size() > most) Wrong(name, fmt::format("must have at most {} entries", most));
  return out;
}

Json FieldReader::Object(const char* name) const {
  const Json& value = Member(name);
  if (value.is_null() || value.is_object()) return value;
  Wrong(name, "must be an object");
  return nullptr;
}

Json FieldReader::List(const char* name, size_t most) const {
  const Json& value = Member(name);
  if (value.is_null()) return value;
  if (value.is_array() && value.size() <= most) return value;
  Wrong(name, fmt::format("must be a list of at most {}", most));
  return nullptr;
}

void FieldReader::Each(const char* name, size_t most, const std::function<void(const FieldReader&)>& read) const {
  const Json list = List(name, most);
  for (size_t i = 0; i < list.size(); ++i) read(FieldReader(list[i], fmt::format("{}[{}]", PathOf(name), i), found_));
}

}  // namespace pbfs::operators
