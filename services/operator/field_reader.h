#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "services/operator/cluster_spec.h"
#include "services/operator/json.h"

namespace pbfs::operators {

/// Reads the members of one JSON object and notes those that are not what they should be. A member that is missing or null, or that
/// is wrong, reads as `fallback`. Life cycle: as long as the object and the list that it notes into. Threads: one.
class FieldReader {
 public:
  /// `object` may be null or of another type: then it has no members, and the latter is noted.
  FieldReader(const Json& object, std::string path, Violations& found);

  const std::string& path() const { return path_; }
  bool Has(const char* name) const { return !Member(name).is_null(); }
  void Note(const std::string& path, std::string message) const { found_.push_back({path, std::move(message)}); }
  std::string PathOf(const char* name) const { return path_ + "." + name; }
  void Require(const char* name) const {
    if (!Has(name)) Note(PathOf(name), "is required");
  }

  bool Bool(const char* name, bool fallback) const;
  /// In [lo, hi].
  int64_t Integer(const char* name, int64_t lo, int64_t hi, int64_t fallback) const;
  int Int(const char* name, int lo, int hi, int fallback) const {
    return static_cast<int>(Integer(name, lo, hi, fallback));
  }
  std::optional<int> OptionalInt(const char* name, int lo, int hi) const;
  /// At most `most` bytes. Required where `least` is 1 or more.
  std::string Text(const char* name, size_t least, size_t most, const std::string& fallback = "") const;
  std::string OneOf(const char* name, std::initializer_list<const char*> words, const std::string& fallback) const;
  std::optional<std::string> OptionalText(const char* name, size_t most) const;
  StringMap Texts(const char* name, size_t most, size_t most_bytes) const;
  std::vector<std::string> TextList(const char* name, size_t most, size_t most_bytes) const;
  /// A number or a text; required.
  Quantity Amount(const char* name) const;
  Quantities Amounts(const char* name, size_t most) const;
  /// As it is: an object or null, an array of at most `most` or null.
  Json Object(const char* name) const;
  Json List(const char* name, size_t most) const;

  FieldReader In(const char* name) const { return FieldReader(Member(name), PathOf(name), found_); }
  /// Calls `read` for each element of a list of objects.
  void Each(const char* name, size_t most, const std::function<void(const FieldReader&)>& read) const;

 private:
  const Json& Member(const char* name) const;
  void Wrong(const char* name, const std::string& message) const { Note(PathOf(name), message); }
  Quantity AmountOf(const Json& value, const std::string& path) const;

  const Json& object_;
  const std::string path_;
  Violations& found_;
};

}  // namespace pbfs::operators
