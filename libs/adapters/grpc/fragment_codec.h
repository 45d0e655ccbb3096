#pragma once

#include "libs/base/result.h"
#include "libs/fragments/fragment_store.h"
#include "proto/pbfs/v1/fragments.pb.h"

/// Between the fragments port and its wire contract. Included in .cc files only. Decoders treat bytes as hostile:
/// INVALID_ARGUMENT.
namespace pbfs::wire {

void Encode(const FragmentKey& key, v1::FragmentKey* out);
Result<FragmentKey> Decode(const v1::FragmentKey& in);

v1::PutHeader Encode(const PutRequest& request);
Result<PutRequest> Decode(const v1::PutHeader& in);

v1::ReadRequest Encode(const ReadRequest& request);
Result<ReadRequest> Decode(const v1::ReadRequest& in);

v1::ListFragmentsRequest Encode(const ListFragmentsRequest& request);
Result<ListFragmentsRequest> Decode(const v1::ListFragmentsRequest& in);
void Encode(const ListFragmentsReply& reply, v1::ListFragmentsReply* out);
Result<ListFragmentsReply> Decode(const v1::ListFragmentsReply& in);

void Encode(const StoreStat& stat, v1::StatReply* out);
StoreStat Decode(const v1::StatReply& in);

}  // namespace pbfs::wire
