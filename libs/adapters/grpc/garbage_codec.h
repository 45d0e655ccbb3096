#pragma once

#include <span>
#include <vector>

#include "libs/adapters/grpc/catalog_codec.h"
#include "proto/pbfs/v1/garbage.pb.h"

/// Between the types of Garbage (libs/catalog/catalog.h) and their messages. Errors: INVALID_ARGUMENT. Included in .cc files only.
namespace pbfs::wire {

template <typename Id>
v1::IdList EncodeIds(std::span<const Id> ids) {
  v1::IdList out;
  for (const Id& id : ids) out.add_ids(Text(id.span()));
  return out;
}
template <typename Id>
Result<std::vector<Id>> DecodeIds(const v1::IdList& in, const char* what) {
  std::vector<Id> ids;
  for (const std::string& bytes : in.ids()) {
    PBFS_ASSIGN_OR_RETURN(const Id id, DecodeId<Id>(bytes, what));
    ids.push_back(id);
  }
  return ids;
}

void Encode(const PurgingBody& body, v1::PurgingBody* out);
Result<PurgingBody> Decode(const v1::PurgingBody& in);
void Encode(const CollectorPass& pass, v1::CollectorPass* out);
/// Errors: a kind that is not one of the three, or more text than a person reads.
Result<CollectorPass> Decode(const v1::CollectorPass& in);
void Encode(const GarbageState& state, v1::GarbageState* out);
Result<GarbageState> Decode(const v1::GarbageState& in);

}  // namespace pbfs::wire
