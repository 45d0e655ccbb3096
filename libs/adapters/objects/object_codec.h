#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/objects/object_api.h"
#include "proto/pbfs/object/v1/objects.pb.h"

/// Between the messages of the object API and the values of its port. Nothing is checked here that the port checks. Included in .cc files
/// only.
namespace pbfs::wire {

namespace v1 = object::v1;

objects::ListBucketsRequest Decode(const v1::ListBucketsRequest& message);
objects::CreateBucketRequest Decode(const v1::CreateBucketRequest& message);
objects::PutRequest Decode(const v1::PutHeader& message);
objects::GetRequest Decode(const v1::GetRequest& message);
objects::HeadRequest Decode(const v1::HeadRequest& message);
objects::ListRequest Decode(const v1::ListRequest& message);
objects::ListVersionsRequest Decode(const v1::ListVersionsRequest& message);
objects::DeleteRequest Decode(const v1::DeleteRequest& message);
objects::PatchRequest Decode(const v1::PatchHeader& message);
objects::AppendRequest Decode(const v1::AppendHeader& message);
objects::TruncateRequest Decode(const v1::TruncateRequest& message);
objects::ZeroRequest Decode(const v1::ZeroRequest& message);
objects::CloneRequest Decode(const v1::CloneRequest& message);
objects::HistoryRequest Decode(const v1::HistoryRequest& message);
objects::ExtentsRequest Decode(const v1::ExtentsRequest& message);

void Encode(const objects::BucketPage& page, v1::ListBucketsReply* message);
void Encode(const objects::Written& written, v1::WriteReply* message);
void Encode(const objects::Deleted& deleted, v1::DeleteReply* message);
void Encode(const objects::Opened& opened, v1::GetReply::Opened* message);
void Encode(const objects::Opened& opened, v1::HeadReply* message);
void Encode(const objects::ObjectPage& page, v1::ListReply* message);
void Encode(const objects::VersionPage& page, v1::ListVersionsReply* message);
void Encode(const std::vector<objects::Op>& ops, v1::HistoryReply* message);
void Encode(const std::vector<objects::NameValue>& values, v1::NameHistoryReply* message);
void Encode(const objects::ExtentPage& page, v1::ExtentsReply* message);

/// The address in what gRPC calls a peer: "ipv4:127.0.0.1:4711", "ipv6:%5B::1%5D:4711"; empty for anything else.
std::string AddressOf(std::string_view peer);

}  // namespace pbfs::wire
