#pragma once

#include <string>
#include <vector>

#include "libs/base/result.h"
#include "libs/catalog/catalog.h"
#include "proto/pbfs/v1/catalog.pb.h"

/// Between the catalog's ports and their wire contract. Included in .cc files only. Decoders treat bytes as hostile:
/// INVALID_ARGUMENT naming what is wrong. Those that take a pointer move byte strings out of the message instead of copying.
namespace pbfs::wire {

/// Bytes of a message as a Buffer, without a copy.
Buffer TakeBuffer(std::string* bytes);
std::string Text(ByteSpan bytes);
/// 16 bytes as an id; `what` names it in the error.
template <typename Id>
Result<Id> DecodeId(const std::string& bytes, const char* what) {
  if (bytes.size() != 16) return InvalidArgumentError(std::string(what) + " is not 16 bytes");
  return Id::FromBytes(AsBytes(bytes));
}

/// What came from the server does not decode: it is broken or newer than we are, and another may do better.
template <typename T>
Result<T> FromServer(Result<T> decoded) {
  if (decoded.ok()) return decoded;
  return UnavailableError("the catalog's answer does not decode: " + decoded.status().message());
}

Result<Versioning> DecodeVersioning(uint32_t in);
v1::CommitRequest Encode(const CommitRequest& request);
Result<CommitRequest> Decode(v1::CommitRequest* in);
void Encode(const CommitReply& reply, v1::CommitReply* out);
Result<CommitReply> Decode(const v1::CommitReply& in);
void Encode(const CommitOutcome& outcome, v1::CommitOutcome* out);
Result<CommitOutcome> Decode(const v1::CommitOutcome& in);
/// What logs and metrics call a refused Commit (format, section 16, "Code to status").
Status RefusalOf(const CommitReply& reply);

v1::ListRequest Encode(const ListRequest& request);
Result<ListRequest> Decode(const v1::ListRequest& in);
/// The reply in messages of at most 4096 extents and about 4 MiB; at least one.
std::vector<v1::ListReply> Split(const ListReply& reply);
/// Adds one message to `reply`.
Status Join(v1::ListReply* in, ListReply& reply);

void Encode(const ObjectInfo& info, v1::ObjectInfo* out);
Result<ObjectInfo> Decode(v1::ObjectInfo* in);

v1::StatObjectRequest Encode(const StatRequest& request);
Result<StatRequest> Decode(const v1::StatObjectRequest& in);
v1::HistoryRequest Encode(const HistoryRequest& request);
Result<HistoryRequest> Decode(const v1::HistoryRequest& in);
std::vector<v1::HistoryReply> Split(const std::vector<OpEntry>& ops);
Status Join(v1::HistoryReply* in, std::vector<OpEntry>& ops);

v1::ResolveRequest Encode(const NameQuery& query);
Result<NameQuery> Decode(const v1::ResolveRequest& in);
void Encode(const NameEntry& entry, v1::NameEntry* out);
Result<NameEntry> Decode(v1::NameEntry* in);
v1::NameHistoryRequest Encode(const NameHistoryRequest& request);
Result<NameHistoryRequest> Decode(const v1::NameHistoryRequest& in);
v1::ListNamesRequest Encode(const ListNamesRequest& request);
Result<ListNamesRequest> Decode(const v1::ListNamesRequest& in);
/// Cuts the page where a message would become too large: what is left are the first of names and prefixes together.
void Encode(const ListNamesReply& reply, v1::ListNamesReply* out);
Result<ListNamesReply> Decode(v1::ListNamesReply* in);
v1::ListVersionsRequest Encode(const ListVersionsRequest& request);
Result<ListVersionsRequest> Decode(const v1::ListVersionsRequest& in);
/// Cut as pages of names are.
void Encode(const ListVersionsReply& reply, v1::ListVersionsReply* out);
Result<ListVersionsReply> Decode(v1::ListVersionsReply* in);
std::vector<v1::NameHistoryReply> Split(const std::vector<NameEntry>& values);
Status Join(v1::NameHistoryReply* in, std::vector<NameEntry>& values);

void Encode(BucketId bucket, UploadId upload, v1::UploadKey* out);
struct UploadKey {
  BucketId bucket;
  UploadId upload;
};
Result<UploadKey> Decode(const v1::UploadKey& in);
void Encode(const UploadInfo& upload, v1::Upload* out);
Result<UploadInfo> Decode(v1::Upload* in);
void Encode(const UploadPart& part, v1::UploadPart* out);
Result<UploadPart> Decode(v1::UploadPart* in);
v1::ListPartsRequest Encode(const ListPartsRequest& request);
Result<ListPartsRequest> Decode(const v1::ListPartsRequest& in);
/// Cut where a message would become too large, as pages of names are.
void Encode(const PartsPage& page, v1::ListPartsReply* out);
Result<PartsPage> Decode(v1::ListPartsReply* in);
v1::ListUploadsRequest Encode(const ListUploadsRequest& request);
Result<ListUploadsRequest> Decode(const v1::ListUploadsRequest& in);
void Encode(const UploadsPage& page, v1::ListUploadsReply* out);
Result<UploadsPage> Decode(v1::ListUploadsReply* in);

void Encode(const BucketInfo& bucket, v1::Bucket* out);
Result<BucketInfo> Decode(v1::Bucket* in);
void Encode(const BucketScheme& scheme, v1::BucketScheme* out);
Result<BucketScheme> Decode(const v1::BucketScheme& in);

void Encode(const BucketPosition& position, v1::BucketPosition* out);
Result<BucketPosition> Decode(const v1::BucketPosition& in);
v1::ListWrappedRequest Encode(const WrappedQuery& query);
Result<WrappedQuery> Decode(const v1::ListWrappedRequest& in);
void Encode(const std::vector<WrappedBody>& page, v1::ListWrappedReply* out);
Result<std::vector<WrappedBody>> Decode(const v1::ListWrappedReply& in);
v1::RewrapRequest Encode(const RewrapRequest& request);
Result<RewrapRequest> Decode(const v1::RewrapRequest& in);

void Encode(const StoreInfo& store, v1::Store* out);
Result<StoreInfo> Decode(const v1::Store& in);
void Encode(const ClusterMap& map, v1::ClusterMap* out);
Result<ClusterMap> Decode(const v1::ClusterMap& in);

std::vector<v1::ReadJournalReply> Split(const std::vector<JournalEntry>& entries);
Status Join(v1::ReadJournalReply* in, std::vector<JournalEntry>& entries);

}  // namespace pbfs::wire
