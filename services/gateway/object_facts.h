#pragma once

#include <optional>
#include <string>

#include "libs/client/bucket.h"
#include "libs/s3/documents.h"
#include "libs/s3/headers.h"
#include "services/gateway/call.h"

/// Between what S3 says of an object and what is kept of it, sealed, beside its name. In ObjectMetadata::system stand:
///   content-encoding, content-disposition, content-language, cache-control, expires   as sent
///   tags       the tags as a query
///   sse        "AES256", where the writer asked for encryption
///   retention, legal-hold   what keeps the version from being deleted: object_lock.h
///   parts      the sizes of the parts that it was uploaded in: "5242880*7,1234"; not where that is too long
///   checksum   "<algorithm> <FULL_OBJECT or COMPOSITE> <value as shown>" of the content that `opset` describes
namespace pbfs::gateway {

/// What the request says: stored headers, tags, encryption. Errors (of S3): of what is malformed, too large or not served.
Result<ObjectMetadata> MetadataOfRequest(const HttpFields& fields);
/// Keys of the customer, in any request: NotImplemented.
Status CheckNoCustomerKeys(const HttpFields& fields);
/// Fields that ask for what is not served (SSE-C, KMS, ACLs, storage classes, redirects) of a request that writes.
Status CheckServedFields(const HttpFields& fields);

s3::StoredHeaders StoredHeadersOf(const ObjectMetadata& metadata);
Result<s3::Tags> TagsOf(const ObjectMetadata& metadata);
void SetTags(const s3::Tags& tags, ObjectMetadata& metadata);

/// Whether the writer asked for encryption, which is echoed.
void SetEncrypted(ObjectMetadata& metadata);
bool IsEncrypted(const ObjectMetadata& metadata);
void AddEncryption(const ObjectMetadata& metadata, HttpFields& fields);
/// Everything that is of the content: etag, checksum, and what of.
void ForgetContent(ObjectMetadata& metadata);

void SetChecksum(s3::ChecksumAlgorithm algorithm, s3::ChecksumType type, const std::string& shown,
                 ObjectMetadata& metadata);
/// None if none is kept of this content.
std::optional<s3::ShownChecksum> ChecksumOf(const ObjectMetadata& metadata, const Opset& opset);

/// Sizes of the parts that the object was uploaded in; empty: not kept, or of other content than `opset` describes.
std::vector<int64_t> PartSizesOf(const ObjectMetadata& metadata, const Opset& opset);
inline constexpr const char* kPartsOfObject = "parts";

/// Without quotes: the writer's if it is of this content, else one that every patch changes.
std::string EtagOf(const ObjectId& object, const Opset& opset, const ObjectMetadata& metadata);
inline std::string EtagOf(const ObjectStat& stat) { return EtagOf(stat.object, stat.opset, stat.metadata); }
/// When it was bound or its content changed last.
int64_t LastModifiedMs(const ObjectStat& stat);

/// The fields that describe an object, for GET and HEAD.
HttpFields FieldsOf(const ObjectStat& stat);
/// Adds x-amz-checksum-... and its type.
void AddChecksum(const s3::ShownChecksum& checksum, HttpFields& fields);

}  // namespace pbfs::gateway
