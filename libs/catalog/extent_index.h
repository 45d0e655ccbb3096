#pragma once

#include <array>
#include <functional>
#include <map>
#include <tuple>
#include <vector>

#include "libs/model/extent.h"

namespace pbfs {

/// The extents of one object in memory, found by overlap. Like the catalog's index: extents are kept by length class, and
/// one that overlaps [lo, hi) starts after lo minus the greatest length of its class, so a query is six short range scans.
/// Threads: none of its own.
class ExtentIndex {
 public:
  /// False if the very row is there already.
  bool Insert(const Extent& extent);
  void Erase(const Extent& extent);
  /// Extents that share a byte with [lo, hi), in no order.
  std::vector<Extent> Overlapping(int64_t lo, int64_t hi) const;
  /// Extents inside [lo, hi) of an order below `below`, in no order.
  std::vector<Extent> Dominated(int64_t lo, int64_t hi, Order below) const;
  /// max hi of extents that are no TRUNC and above `trunc`; 0 if there are none (I8).
  int64_t EndAbove(Order trunc) const;
  size_t size() const;
  std::vector<Extent> All() const;

 private:
  using Key = std::tuple<int64_t, int64_t, Order, BodyId>;  // lo, hi, order, body
  using Rows = std::map<Key, Extent>;
  static Key KeyOf(const Extent& extent) { return {extent.lo, extent.hi, extent.order, extent.source.body}; }
  void Scan(int64_t lo, int64_t hi, const std::function<void(const Extent&)>& visit) const;

  std::array<Rows, 6> classes_;
};

}  // namespace pbfs
