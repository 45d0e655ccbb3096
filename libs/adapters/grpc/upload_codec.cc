#include "libs/adapters/grpc/catalog_codec.h"

namespace pbfs::wire {
namespace {

constexpr size_t kPageBytes = 4 << 20;

/// Whether one more of `size` bytes fits into a page; the first always does.
class Room {
 public:
  bool For(size_t size) {
    bytes_ += size + 64;
    return first_ ? (first_ = false, true) : bytes_ <= kPageBytes;
  }

 private:
  size_t bytes_ = 0;
  bool first_ = true;
};

}  // namespace

void Encode(BucketId bucket, UploadId upload, v1::UploadKey* out) {
  out->set_bucket_id(Text(bucket.span()));
  out->set_upload_id(Text(upload.span()));
}

Result<UploadKey> Decode(const v1::UploadKey& in) {
  PBFS_ASSIGN_OR_RETURN(const BucketId bucket, DecodeId<BucketId>(in.bucket_id(), "bucket id"));
  PBFS_ASSIGN_OR_RETURN(const UploadId upload, DecodeId<UploadId>(in.upload_id(), "upload id"));
  return UploadKey{bucket, upload};
}

void Encode(const UploadInfo& upload, v1::Upload* out) {
  Encode(upload.bucket, upload.id, out->mutable_key());
  out->set_name(upload.name);
  out->set_metadata(Text(upload.metadata));
}

Result<UploadInfo> Decode(v1::Upload* in) {
  PBFS_ASSIGN_OR_RETURN(const UploadKey key, Decode(in->key()));
  return UploadInfo{key.upload, key.bucket, in->name(), TakeBuffer(in->mutable_metadata())};
}

void Encode(const UploadPart& part, v1::UploadPart* out) {
  out->set_number(part.number);
  out->set_object_id(Text(part.object.span()));
  out->set_size(part.size);
  out->set_metadata(Text(part.metadata));
}

Result<UploadPart> Decode(v1::UploadPart* in) {
  PBFS_ASSIGN_OR_RETURN(const ObjectId object, DecodeId<ObjectId>(in->object_id(), "object id"));
  return UploadPart{in->number(), object, in->size(), TakeBuffer(in->mutable_metadata())};
}

v1::ListPartsRequest Encode(const ListPartsRequest& request) {
  v1::ListPartsRequest out;
  Encode(request.bucket, request.upload, out.mutable_key());
  out.set_after(request.after);
  out.set_limit(request.limit);
  return out;
}

Result<ListPartsRequest> Decode(const v1::ListPartsRequest& in) {
  PBFS_ASSIGN_OR_RETURN(const UploadKey key, Decode(in.key()));
  return ListPartsRequest{key.bucket, key.upload, in.after(), in.limit()};
}

void Encode(const PartsPage& page, v1::ListPartsReply* out) {
  out->set_more(page.more);
  Room room;
  for (const UploadPart& part : page.parts) {
    if (!room.For(part.metadata.size())) return out->set_more(true);
    Encode(part, out->add_parts());
  }
}

Result<PartsPage> Decode(v1::ListPartsReply* in) {
  PartsPage page;
  for (auto& message : *in->mutable_parts()) {
    PBFS_ASSIGN_OR_RETURN(UploadPart part, Decode(&message));
    page.parts.push_back(std::move(part));
  }
  page.more = in->more();
  return page;
}

v1::ListUploadsRequest Encode(const ListUploadsRequest& request) {
  v1::ListUploadsRequest out;
  out.set_bucket_id(Text(request.bucket.span()));
  out.set_prefix(request.prefix);
  out.set_after(request.after);
  if (request.after_upload.has_value()) out.set_after_upload(Text(request.after_upload->span()));
  out.set_limit(request.limit);
  return out;
}

Result<ListUploadsRequest> Decode(const v1::ListUploadsRequest& in) {
  ListUploadsRequest request;
  PBFS_ASSIGN_OR_RETURN(request.bucket, DecodeId<BucketId>(in.bucket_id(), "bucket id"));
  request.prefix = in.prefix();
  request.after = in.after();
  if (!in.after_upload().empty()) {
    PBFS_ASSIGN_OR_RETURN(request.after_upload, DecodeId<UploadId>(in.after_upload(), "upload id"));
  }
  request.limit = in.limit();
  return request;
}

void Encode(const UploadsPage& page, v1::ListUploadsReply* out) {
  out->set_more(page.more);
  Room room;
  for (const UploadInfo& upload : page.uploads) {
    if (!room.For(upload.name.size() + upload.metadata.size())) return out->set_more(true);
    Encode(upload, out->add_uploads());
  }
}

Result<UploadsPage> Decode(v1::ListUploadsReply* in) {
  UploadsPage page;
  for (auto& message : *in->mutable_uploads()) {
    PBFS_ASSIGN_OR_RETURN(UploadInfo upload, Decode(&message));
    page.uploads.push_back(std::move(upload));
  }
  page.more = in->more();
  return page;
}

}  // namespace pbfs::wire
