#pragma once

#include <span>
#include <vector>

#include "libs/adapters/grpc/catalog_codec.h"
#include "proto/pbfs/v1/repairs.pb.h"

/// Between the types of Repairs (libs/catalog/catalog.h) and their messages. Errors: INVALID_ARGUMENT. Included in .cc files only.
namespace pbfs::wire {

void Encode(const GroupCheck& check, v1::GroupCheck* out);
Result<GroupCheck> Decode(const v1::GroupCheck& in);

Result<GroupRange> Decode(const v1::ListEncodingsRequest& in);

void Encode(const Encoding& encoding, v1::Encoding* out);
Result<Encoding> Decode(const v1::Encoding& in);

void Encode(const EncodedBody& body, v1::EncodedBody* out);
Result<EncodedBody> Decode(const v1::EncodedBody& in);
v1::EncodedBodies Encode(const std::vector<EncodedBody>& bodies);
Result<std::vector<EncodedBody>> Decode(const v1::EncodedBodies& in);

void Encode(const Shard& shard, v1::Shard* out);
Result<Shard> Decode(const v1::Shard& in);

void Encode(const GroupVersion& group, v1::GroupVersion* out);
Result<GroupVersion> Decode(const v1::GroupVersion& in);

void Encode(const Redundancy& redundancy, v1::Redundancy* out);
Redundancy Decode(const v1::Redundancy& in);

}  // namespace pbfs::wire
