#pragma once

#include "libs/catalog/types.h"

namespace pbfs {

/// First 16 bytes of SHA-256(op_id): what a content op adds to the opset of its object (format, section 9.2). The opset of
/// an object is the XOR of them over all its content ops, each counted once: with the object's row if the op has a span,
/// else with the head of the first region that it touches.
Opset OpBits(OpId op);

inline void XorInto(Opset& to, const Opset& bits) {
  for (size_t i = 0; i < to.size(); ++i) to[i] ^= bits[i];
}

}  // namespace pbfs
