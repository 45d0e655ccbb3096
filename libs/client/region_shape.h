#pragma once

#include <map>

#include "libs/client/listing.h"
#include "libs/client/rehome_policy.h"

namespace pbfs {

/// F of a region (format, section 9.8): nothing at or below it can arrive there any more.
Hlc FrontierOf(const ListReply& reply, int64_t region);

/// What a listing shows of each region that it touches, as the policy of rehomes sees it. Pure; O(n log n) of its
/// extents.
std::map<int64_t, RegionShape> ShapesOf(const Listing& listing);

/// Which of these regions look fragmented by themselves (LooksFragmented). `lo`: where the listing begins. Cheap where
/// it has few bodies. Pure.
std::vector<int64_t> FragmentedRegions(const Listing& listing, int64_t lo, const RehomePolicy& policy);

}  // namespace pbfs
