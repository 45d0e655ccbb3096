#include "libs/s3/documents.h"

#include "libs/s3/conditions.h"
#include "libs/s3/dates.h"
#include "libs/s3/target.h"
#include "libs/s3/xml.h"

namespace pbfs::s3 {
namespace {

/// Keys and the like, which encoding-type=url encodes.
std::string Encoded(std::string_view text, bool url_encoding) {
  return url_encoding ? UriEncode(text, false) : std::string(text);
}

void WriteOwner(XmlWriter& xml, std::string_view element, const Owner& owner) {
  xml.Open(element);
  xml.Text("ID", owner.id);
  xml.TextIfAny("DisplayName", owner.display_name);
  xml.Close();
}

void WriteTag(XmlWriter& xml, const std::string& etag) { xml.Text("ETag", Quoted(etag)); }

/// <ChecksumAlgorithm> and <ChecksumType>.
void WriteChecksumKind(XmlWriter& xml, const std::optional<ShownChecksum>& checksum) {
  if (!checksum) return;
  xml.Text("ChecksumAlgorithm", AlgorithmName(checksum->algorithm));
  xml.Text("ChecksumType", ChecksumTypeName(checksum->type));
}

/// <ChecksumCRC32> and so on.
void WriteChecksum(XmlWriter& xml, const std::optional<ShownChecksum>& checksum) {
  if (checksum) xml.TextIfAny(ChecksumElement(checksum->algorithm), checksum->value);
}

void WriteChecksumAndType(XmlWriter& xml, const std::optional<ShownChecksum>& checksum) {
  WriteChecksum(xml, checksum);
  if (checksum) xml.Text("ChecksumType", ChecksumTypeName(checksum->type));
}

void WritePrefixes(XmlWriter& xml, const std::vector<std::string>& prefixes, bool url_encoding) {
  for (const std::string& prefix : prefixes) {
    xml.Open("CommonPrefixes");
    xml.Text("Prefix", Encoded(prefix, url_encoding));
    xml.Close();
  }
}

void WriteObject(XmlWriter& xml, const ListedObject& object, bool url_encoding) {
  xml.Open("Contents");
  xml.Text("Key", Encoded(object.key, url_encoding));
  xml.Text("LastModified", IsoDate(object.last_modified_ms));
  WriteTag(xml, object.etag);
  WriteChecksumKind(xml, object.checksum);
  xml.Number("Size", object.size);
  if (object.owner) WriteOwner(xml, "Owner", *object.owner);
  xml.Text("StorageClass", object.storage_class);
  xml.Close();
}

void WriteVersion(XmlWriter& xml, const ListedObject& object, bool url_encoding) {
  xml.Open(object.delete_marker ? "DeleteMarker" : "Version");
  xml.Text("Key", Encoded(object.key, url_encoding));
  xml.Text("VersionId", object.version_id);
  xml.Bool("IsLatest", object.is_latest);
  xml.Text("LastModified", IsoDate(object.last_modified_ms));
  if (!object.delete_marker) {
    WriteTag(xml, object.etag);
    WriteChecksumKind(xml, object.checksum);
    xml.Number("Size", object.size);
    xml.Text("StorageClass", object.storage_class);
  }
  if (object.owner) WriteOwner(xml, "Owner", *object.owner);
  xml.Close();
}

/// What ends the head of each listing.
void WriteListingHead(XmlWriter& xml, const Listing& listing) {
  xml.Number("MaxKeys", listing.max_keys);
  xml.TextIfAny("Delimiter", Encoded(listing.delimiter, listing.url_encoding));
  if (listing.url_encoding) xml.Text("EncodingType", "url");
  xml.Bool("IsTruncated", listing.truncated);
}

void WriteObjects(XmlWriter& xml, const Listing& listing) {
  for (const ListedObject& object : listing.objects) WriteObject(xml, object, listing.url_encoding);
  WritePrefixes(xml, listing.common_prefixes, listing.url_encoding);
}

}  // namespace

std::string ToXml(const ListBucketsResult& result) {
  XmlWriter xml("ListAllMyBucketsResult");
  WriteOwner(xml, "Owner", result.owner);
  xml.Open("Buckets");
  for (const auto& bucket : result.buckets) {
    xml.Open("Bucket");
    xml.Text("Name", bucket.name);
    xml.Text("CreationDate", IsoDate(bucket.created_ms));
    xml.TextIfAny("BucketRegion", bucket.region);
    xml.Close();
  }
  xml.Close();
  xml.TextIfAny("Prefix", result.prefix);
  xml.TextIfAny("ContinuationToken", result.continuation_token);
  return std::move(xml).Finish();
}

std::string LocationXml(std::string_view region) {
  XmlWriter xml("LocationConstraint");
  if (region != "us-east-1") xml.Value(region);
  return std::move(xml).Finish();
}

std::string ToXml(const ListObjectsResult& result) {
  const bool url = result.url_encoding;
  XmlWriter xml("ListBucketResult");
  xml.Text("Name", result.bucket);
  xml.Text("Prefix", Encoded(result.prefix, url));
  xml.Text("Marker", Encoded(result.marker, url));
  xml.TextIfAny("NextMarker", Encoded(result.next_marker, url));
  WriteListingHead(xml, result);
  WriteObjects(xml, result);
  return std::move(xml).Finish();
}

std::string ToXml(const ListObjectsV2Result& result) {
  const bool url = result.url_encoding;
  XmlWriter xml("ListBucketResult");
  xml.Text("Name", result.bucket);
  xml.Text("Prefix", Encoded(result.prefix, url));
  xml.TextIfAny("StartAfter", Encoded(result.start_after, url));
  xml.TextIfAny("ContinuationToken", result.continuation_token);
  xml.TextIfAny("NextContinuationToken", result.next_continuation_token);
  xml.Number("KeyCount", static_cast<int64_t>(result.objects.size() + result.common_prefixes.size()));
  WriteListingHead(xml, result);
  WriteObjects(xml, result);
  return std::move(xml).Finish();
}

std::string ToXml(const ListVersionsResult& result) {
  const bool url = result.url_encoding;
  XmlWriter xml("ListVersionsResult");
  xml.Text("Name", result.bucket);
  xml.Text("Prefix", Encoded(result.prefix, url));
  xml.Text("KeyMarker", Encoded(result.key_marker, url));
  xml.Text("VersionIdMarker", result.version_id_marker);
  xml.TextIfAny("NextKeyMarker", Encoded(result.next_key_marker, url));
  xml.TextIfAny("NextVersionIdMarker", result.next_version_id_marker);
  WriteListingHead(xml, result);
  for (const ListedObject& object : result.objects) WriteVersion(xml, object, url);
  WritePrefixes(xml, result.common_prefixes, url);
  return std::move(xml).Finish();
}

std::string ToXml(const DeleteResult& result) {
  XmlWriter xml("DeleteResult");
  for (const auto& deleted : result.deleted) {
    xml.Open("Deleted");
    xml.Text("Key", deleted.key);
    xml.TextIfAny("VersionId", deleted.version_id);
    if (deleted.delete_marker) xml.Bool("DeleteMarker", true);
    xml.TextIfAny("DeleteMarkerVersionId", deleted.delete_marker_version_id);
    xml.Close();
  }
  for (const auto& error : result.errors) {
    xml.Open("Error");
    xml.Text("Key", error.key);
    xml.TextIfAny("VersionId", error.version_id);
    xml.Text("Code", error.code);
    xml.Text("Message", error.message);
    xml.Close();
  }
  return std::move(xml).Finish();
}

std::string ToXml(const CopyResult& result) {
  XmlWriter xml(result.part ? "CopyPartResult" : "CopyObjectResult");
  xml.Text("LastModified", IsoDate(result.last_modified_ms));
  WriteTag(xml, result.etag);
  WriteChecksum(xml, result.checksum);
  if (result.checksum && !result.part) xml.Text("ChecksumType", ChecksumTypeName(result.checksum->type));
  return std::move(xml).Finish();
}

std::string ToXml(const PatchResult& result) {
  XmlWriter xml("PatchObjectResult");
  xml.Open("Object");
  xml.Text("LastModified", IsoDate(result.last_modified_ms));
  WriteTag(xml, result.etag);
  return std::move(xml).Finish();
}

std::string ToXml(const PostResult& result) {
  XmlWriter xml("PostResponse", /*with_namespace=*/false);
  xml.Text("Location", result.location);
  xml.Text("Bucket", result.bucket);
  xml.Text("Key", result.key);
  WriteTag(xml, result.etag);
  return std::move(xml).Finish();
}

std::string ToXml(const ObjectAttributes& result) {
  XmlWriter xml("GetObjectAttributesResponse");
  xml.TextIfAny("ETag", result.etag);  // the only place where S3 leaves the quotes out
  if (result.checksum) {
    xml.Open("Checksum");
    WriteChecksumAndType(xml, result.checksum);
    xml.Close();
  }
  if (result.parts) {
    xml.Open("ObjectParts");
    xml.Number("PartsCount", result.parts->total);
    xml.Number("PartNumberMarker", result.parts->marker);
    xml.Number("NextPartNumberMarker", result.parts->next_marker);
    xml.Number("MaxParts", result.parts->max_parts);
    xml.Bool("IsTruncated", result.parts->truncated);
    for (const auto& part : result.parts->parts) {
      xml.Open("Part");
      WriteChecksum(xml, part.checksum);
      xml.Number("PartNumber", part.number);
      xml.Number("Size", part.size);
      xml.Close();
    }
    xml.Close();
  }
  xml.TextIfAny("StorageClass", result.storage_class);
  if (result.size) xml.Number("ObjectSize", *result.size);
  return std::move(xml).Finish();
}

std::string ToXml(const InitiateResult& result) {
  XmlWriter xml("InitiateMultipartUploadResult");
  xml.Text("Bucket", result.bucket);
  xml.Text("Key", result.key);
  xml.Text("UploadId", result.upload_id);
  return std::move(xml).Finish();
}

std::string ToXml(const CompleteResult& result) {
  XmlWriter xml("CompleteMultipartUploadResult");
  xml.Text("Location", result.location);
  xml.Text("Bucket", result.bucket);
  xml.Text("Key", result.key);
  WriteTag(xml, result.etag);
  WriteChecksumAndType(xml, result.checksum);
  return std::move(xml).Finish();
}

std::string ToXml(const ListPartsResult& result) {
  XmlWriter xml("ListPartsResult");
  xml.Text("Bucket", result.bucket);
  xml.Text("Key", Encoded(result.key, result.url_encoding));
  xml.Text("UploadId", result.upload_id);
  WriteOwner(xml, "Initiator", result.owner);
  WriteOwner(xml, "Owner", result.owner);
  xml.Text("StorageClass", result.storage_class);
  xml.Number("PartNumberMarker", result.marker);
  xml.Number("NextPartNumberMarker", result.next_marker);
  xml.Number("MaxParts", result.max_parts);
  if (result.url_encoding) xml.Text("EncodingType", "url");
  xml.Bool("IsTruncated", result.truncated);
  WriteChecksumKind(xml, result.checksum);
  for (const auto& part : result.parts) {
    xml.Open("Part");
    xml.Number("PartNumber", part.number);
    xml.Text("LastModified", IsoDate(part.last_modified_ms));
    WriteTag(xml, part.etag);
    xml.Number("Size", part.size);
    WriteChecksum(xml, part.checksum);
    xml.Close();
  }
  return std::move(xml).Finish();
}

std::string ToXml(const ListUploadsResult& result) {
  const bool url = result.url_encoding;
  XmlWriter xml("ListMultipartUploadsResult");
  xml.Text("Bucket", result.bucket);
  xml.Text("KeyMarker", Encoded(result.key_marker, url));
  xml.Text("UploadIdMarker", result.upload_id_marker);
  xml.TextIfAny("NextKeyMarker", Encoded(result.next_key_marker, url));
  xml.TextIfAny("NextUploadIdMarker", result.next_upload_id_marker);
  xml.TextIfAny("Delimiter", Encoded(result.delimiter, url));
  xml.Text("Prefix", Encoded(result.prefix, url));
  xml.Number("MaxUploads", result.max_uploads);
  if (url) xml.Text("EncodingType", "url");
  xml.Bool("IsTruncated", result.truncated);
  for (const auto& upload : result.uploads) {
    xml.Open("Upload");
    xml.Text("Key", Encoded(upload.key, url));
    xml.Text("UploadId", upload.upload_id);
    WriteOwner(xml, "Initiator", upload.owner);
    WriteOwner(xml, "Owner", upload.owner);
    xml.Text("StorageClass", upload.storage_class);
    xml.Text("Initiated", IsoDate(upload.initiated_ms));
    WriteChecksumKind(xml, upload.checksum);
    xml.Close();
  }
  WritePrefixes(xml, result.common_prefixes, url);
  return std::move(xml).Finish();
}

std::string TagsXml(const Tags& tags) {
  XmlWriter xml("Tagging");
  xml.Open("TagSet");
  for (const auto& [key, value] : tags) {
    xml.Open("Tag");
    xml.Text("Key", key);
    xml.Text("Value", value);
    xml.Close();
  }
  return std::move(xml).Finish();
}

std::string VersioningXml(Versioning versioning) {
  XmlWriter xml("VersioningConfiguration");
  if (versioning != Versioning::kNever) {
    xml.Text("Status", versioning == Versioning::kEnabled ? "Enabled" : "Suspended");
  }
  return std::move(xml).Finish();
}

}  // namespace pbfs::s3
