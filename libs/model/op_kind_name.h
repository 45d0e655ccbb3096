#pragma once

#include <string>

#include "libs/model/op_kind.h"

namespace pbfs {

/// "WRITE" and so on: what people are told of a kind of op.
std::string NameOf(OpKind kind);

}  // namespace pbfs
