#include "libs/catalog/opset.h"

#include <algorithm>

#include "libs/crypto/primitives.h"

namespace pbfs {

Opset OpBits(OpId op) {
  const Digest32 digest = Sha256(op.span());
  Opset bits;
  std::copy_n(digest.begin(), bits.size(), bits.begin());
  return bits;
}

}  // namespace pbfs
