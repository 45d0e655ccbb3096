#pragma once

#include <string>

#include "services/operator/json.h"

namespace pbfs::operators {

enum class Truth { kFalse, kTrue, kUnknown };
inline Truth TruthOf(bool is) { return is ? Truth::kTrue : Truth::kFalse; }

/// The list `status.conditions` of an object, as a pass over it changes them: what a person reads first, so each has a reason and a
/// message. The time of a condition is that of its last change of status. Threads: one.
class Conditions {
 public:
  /// Begins with those that the object has. `generation` is that of the spec that they are about from now on, `now` the time.
  Conditions(const Json& status, int64_t generation, std::string now);

  void Set(const std::string& type, Truth truth, const std::string& reason, const std::string& message);
  /// For those that are only there while they are true.
  void Drop(const std::string& type);
  bool IsTrue(const std::string& type) const;
  std::string ReasonOf(const std::string& type) const;
  std::string MessageOf(const std::string& type) const;
  /// As the status has it: by type.
  Json List() const;

 private:
  const Json* Find(const std::string& type) const;

  Json by_type_ = Json::object();
  const int64_t generation_;
  const std::string now_;
};

}  // namespace pbfs::operators
