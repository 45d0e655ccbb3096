#include "libs/model/op_kind_name.h"

#include <iterator>

namespace pbfs {

std::string NameOf(OpKind kind) {
  static constexpr const char* kNames[] = {"?",      "WRITE", "ZERO", "TRUNC", "BIND",       "UNBIND",
                                           "REHOME", "CLONE", "META", "SEAL",  "CHECKPOINT", "DROP"};
  const auto number = static_cast<size_t>(kind);
  return number < std::size(kNames) ? kNames[number] : "KIND " + std::to_string(number);
}

}  // namespace pbfs
