#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "libs/model/op_kind.h"
#include "libs/model/order.h"

/// The reference that everything is held against (format, section 2), for tests: ops applied in the order of (hlc, wid) to
/// a plain array of bytes.
namespace pbfs {

/// One op as the reference sees it. WRITE and CLONE: `bytes` at lo. ZERO: zeros in [lo, hi). TRUNC: zeros from lo on.
struct ModelOp {
  OpKind kind = OpKind::kWrite;
  int64_t lo = 0;
  int64_t hi = 0;
  std::vector<uint8_t> bytes;
};

class ByteArrayModel {
 public:
  /// Ops may come in any order; a repeat of an order must be the same op.
  void Apply(Order order, ModelOp op) { ops_.insert_or_assign(order, std::move(op)); }
  void Write(Order order, int64_t lo, std::vector<uint8_t> bytes) {
    const int64_t hi = lo + static_cast<int64_t>(bytes.size());
    Apply(order, {OpKind::kWrite, lo, hi, std::move(bytes)});
  }
  void Zero(Order order, int64_t lo, int64_t hi) { Apply(order, {OpKind::kZero, lo, hi, {}}); }
  void Truncate(Order order, int64_t length) { Apply(order, {OpKind::kTrunc, length, length, {}}); }

  /// Fold(H <= as_of): the object's bytes, as long as its size.
  std::vector<uint8_t> Fold(Order as_of = {INT64_MAX, INT64_MAX}) const {
    std::vector<uint8_t> bytes;
    for (auto op = ops_.begin(); op != ops_.end() && op->first <= as_of; ++op) ApplyTo(bytes, op->second);
    return bytes;
  }
  const std::map<Order, ModelOp>& ops() const { return ops_; }

 private:
  static void ApplyTo(std::vector<uint8_t>& bytes, const ModelOp& op) {
    if (op.kind == OpKind::kTrunc) {
      bytes.resize(op.lo);
      return;
    }
    bytes.resize(std::max<size_t>(bytes.size(), op.hi));
    std::fill(bytes.begin() + op.lo, bytes.begin() + op.hi, 0);
    std::copy(op.bytes.begin(), op.bytes.end(), bytes.begin() + op.lo);
  }
  std::map<Order, ModelOp> ops_;
};

}  // namespace pbfs
