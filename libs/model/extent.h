#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "libs/base/ids.h"
#include "libs/model/order.h"

namespace pbfs {

/// Where the bytes of an extent come from.
enum class SourceKind : uint8_t { kZeros = 0, kBody = 1, kObject = 2 };

/// A body, a sealed object, or zeros (then the id is null).
struct Source {
  SourceKind kind = SourceKind::kZeros;
  BodyId body;      // kBody
  ObjectId object;  // kObject: sealed
  static Source Zeros() { return {}; }
  static Source Of(BodyId id) { return {SourceKind::kBody, id, {}}; }
  static Source Of(ObjectId id) { return {SourceKind::kObject, {}, id}; }
  friend auto operator<=>(const Source&, const Source&) = default;
};

/// A row of the catalog: bytes [lo, hi) of an object at `order` are `source`, whose byte `inner` is the object's byte lo.
/// It lies in one region, or is longer than 64 MiB and then is a span (never a body).
struct Extent {
  int64_t lo = 0;
  int64_t hi = 0;
  Order order;
  Source source;
  int64_t inner = 0;  // 0 for zeros
  OpId op;            // the op record that states it
  int64_t size() const { return hi - lo; }
  friend bool operator==(const Extent&, const Extent&) = default;
};

/// Rank of two extents over one byte (I1, I7): the greater order; at one order a body copy (of a rehome) exceeds a
/// reference or zeros, and of two copies the greater body id wins.
inline bool Outranks(const Extent& a, const Extent& b) {
  if (a.order != b.order) return a.order > b.order;
  return a.source.body > b.source.body;
}

}  // namespace pbfs
