// Bucket's uploads in parts: parts are objects without a name, and what completes an upload places them end to end by reference.
#include <algorithm>

#include <fmt/format.h>

#include "libs/client/clones.h"
#include "libs/client/keyrings.h"
#include "libs/client/metadata.h"
#include "libs/format/name.h"
#include "libs/format/upload.h"

namespace pbfs {
namespace {

Status BadUpload(const Status& status) {
  return status.code() == StatusCode::kDataLoss && !IsUnknownEpoch(status) ? BadRecord(status.message()) : status;
}

Result<Bytes> OpenUploadWith(const OpenedKeyring& keyring, const UploadInfo& upload) {
  PBFS_ASSIGN_OR_RETURN(const uint32_t epoch, EpochOfSealed(upload.metadata));
  PBFS_ASSIGN_OR_RETURN(const BucketKeys* keys, keyring.KeysOf(epoch));
  return OpenUpload(*keys, {upload.id, upload.name}, upload.metadata);
}

Result<Bytes> OpenPartWith(const OpenedKeyring& keyring, UploadId upload, const UploadPart& part) {
  PBFS_ASSIGN_OR_RETURN(const uint32_t epoch, EpochOfSealed(part.metadata));
  PBFS_ASSIGN_OR_RETURN(const BucketKeys* keys, keyring.KeysOf(epoch));
  return OpenPart(*keys, {upload, part.number, part.object, part.size}, part.metadata);
}

// What the catalog shows of an upload, after it has proven that a key holder made it.
Result<UploadStat> VerifyUpload(const Context& context, ClientCore& core, const OpenedBucket& bucket,
                                const UploadInfo& upload) {
  const Result<Bytes> opened = WithNewestKeys(
      context, core, bucket, [&](const OpenedKeyring& keyring) { return OpenUploadWith(keyring, upload); });
  if (!opened.ok()) return BadUpload(opened.status()).Annotate("upload " + upload.id.ToString() + ": ");
  PBFS_ASSIGN_OR_RETURN(ObjectMetadata metadata, DecodeMetadata(*opened));
  return UploadStat{upload.id, upload.name, std::move(metadata)};
}

Result<UploadedPart> VerifyPart(const Context& context, ClientCore& core, const OpenedBucket& bucket, UploadId upload,
                                const UploadPart& part) {
  Result<Bytes> opened = WithNewestKeys(
      context, core, bucket, [&](const OpenedKeyring& keyring) { return OpenPartWith(keyring, upload, part); });
  if (!opened.ok())
    return BadUpload(opened.status()).Annotate(fmt::format("part {} of {}: ", part.number, upload.ToString()));
  return UploadedPart{part.number, part.object, part.size, *std::move(opened)};
}

// Repeats a change that is harmless to repeat.
template <typename Call>
Status Repeat(const Context& context, const Call& call) {
  return RetryRead(context,
                   [&]() -> Result<bool> {
                     PBFS_RETURN_IF_ERROR(call());
                     return true;
                   })
      .status();
}

Result<UploadedPart> SetPart(const Context& context, ClientCore& core, const OpenedBucket& bucket, UploadId upload,
                             UploadedPart part) {
  const PartSeal seal{upload, part.number, part.object, part.size};
  const Bytes sealed = SealPart(bucket.keyring()->newest(), seal, part.metadata, core.to.random);
  const UploadPart row{part.number, part.object, part.size, Buffer::CopyOf(sealed)};
  PBFS_RETURN_IF_ERROR(
      Repeat(context, [&] { return core.to.catalog.uploads.SetPart(context, bucket.id(), upload, row); }));
  return part;
}

Status CheckPartNumber(int32_t number) {
  if (number >= 1 && number <= kMaxPartNumber) return OkStatus();
  return InvalidArgumentError(fmt::format("a part's number is 1 to {}", kMaxPartNumber));
}

}  // namespace

Result<UploadId> Bucket::CreateUpload(const Context& context, const std::string& name, const ObjectMetadata& metadata) {
  PBFS_RETURN_IF_ERROR(CheckName(name));
  PBFS_RETURN_IF_ERROR(state_->CheckMayWrite());
  PBFS_ASSIGN_OR_RETURN(const Bytes encoded, EncodeMetadata(metadata));
  const Context step = context.Within(core_->options.timeout);
  const UploadId id = UploadId::New(core_->clock.NowMillis(), core_->to.random);
  const Bytes sealed = SealUpload(state_->keyring()->newest(), {id, name}, encoded, core_->to.random);
  const UploadInfo upload{id, state_->id(), name, Buffer::CopyOf(sealed)};
  PBFS_RETURN_IF_ERROR(Repeat(step, [&] { return core_->to.catalog.uploads.CreateUpload(step, upload); }));
  return id;
}

Result<UploadStat> Bucket::FindUpload(const Context& context, UploadId upload) {
  const Context step = context.Within(core_->options.timeout);
  PBFS_ASSIGN_OR_RETURN(const UploadInfo info, RetryRead(step, [&] {
                          return core_->to.catalog.uploads.FindUpload(step, state_->id(), upload);
                        }));
  return VerifyUpload(step, *core_, *state_, info);
}

Result<UploadPage> Bucket::ListUploads(const Context& context, const UploadListOptions& options) {
  const Context step = context.Within(core_->options.timeout);
  const ListUploadsRequest request{state_->id(), options.prefix, options.after, options.after_upload, options.limit};
  PBFS_ASSIGN_OR_RETURN(const UploadsPage listed,
                        RetryRead(step, [&] { return core_->to.catalog.uploads.ListUploads(step, request); }));
  UploadPage page;
  page.more = listed.more && !listed.uploads.empty();
  for (const UploadInfo& info : listed.uploads) {
    PBFS_ASSIGN_OR_RETURN(UploadStat upload, VerifyUpload(step, *core_, *state_, info));
    page.uploads.push_back(std::move(upload));
  }
  return page;
}

Result<UploadedPart> Bucket::UploadPart(const Context& context, UploadId upload, int32_t number, ByteSource& source,
                                        const PartMetadata& metadata) {
  PBFS_RETURN_IF_ERROR(CheckPartNumber(number));
  PBFS_ASSIGN_OR_RETURN(const Written written, CreateSealed(context, *core_, state_, source));
  UploadedPart part{number, written.object, written.hi, {}};
  if (metadata) {
    PBFS_ASSIGN_OR_RETURN(part.metadata, metadata());
  }
  return SetPart(context.Within(core_->options.timeout), *core_, *state_, upload, std::move(part));
}

Result<UploadedPart> Bucket::UploadPart(const Context& context, UploadId upload, int32_t number, ObjectWriter& writer,
                                        const PartMetadata& metadata) {
  PBFS_RETURN_IF_ERROR(CheckPartNumber(number));
  UploadedPart part{number, {}, 0, {}};
  if (metadata) {
    PBFS_ASSIGN_OR_RETURN(part.metadata, metadata());
  }
  PBFS_ASSIGN_OR_RETURN(const Written written, writer.Seal());
  part.object = written.object, part.size = written.hi;
  return SetPart(context.Within(core_->options.timeout), *core_, *state_, upload, std::move(part));
}

Result<UploadedPart> Bucket::UploadPartCopy(const Context& context, UploadId upload, int32_t number, ObjectId from,
                                            int64_t lo, int64_t hi, Bytes metadata, std::optional<Opset> if_opset) {
  PBFS_RETURN_IF_ERROR(CheckPartNumber(number));
  if (lo < 0 || lo >= hi || hi > kMaxObjectSize)
    return InvalidArgumentError("a copied range [lo, hi) needs 0 <= lo < hi");
  const Context step = context.Within(core_->options.timeout);
  PBFS_ASSIGN_OR_RETURN(const Written written,
                        CloneRange(step, *core_, *state_, {from, lo, hi, {}, if_opset}, Sealing(*core_), {}));
  return SetPart(step, *core_, *state_, upload, {number, written.object, written.hi, std::move(metadata)});
}

Result<UploadPartPage> Bucket::ListParts(const Context& context, UploadId upload, int32_t after, int32_t limit) {
  const Context step = context.Within(core_->options.timeout);
  PBFS_ASSIGN_OR_RETURN(const PartsPage listed, RetryRead(step, [&] {
                          return core_->to.catalog.uploads.ListParts(step, {state_->id(), upload, after, limit});
                        }));
  UploadPartPage page;
  page.more = listed.more && !listed.parts.empty();
  for (const pbfs::UploadPart& row : listed.parts) {
    PBFS_ASSIGN_OR_RETURN(UploadedPart part, VerifyPart(step, *core_, *state_, upload, row));
    page.parts.push_back(std::move(part));
  }
  return page;
}

Result<Written> Bucket::CompleteUpload(const Context& context, UploadId upload, const std::vector<UploadedPart>& parts,
                                       const PutOptions& options) {
  PBFS_ASSIGN_OR_RETURN(const UploadStat stat, FindUpload(context, upload));
  PBFS_RETURN_IF_ERROR(EncodeMetadata(options.metadata).status());
  int64_t size = 0;
  std::vector<WholeObject> pieces;
  for (const UploadedPart& part : parts) {
    pieces.push_back({part.object, part.size});
    size += part.size;
  }
  if (size > kMaxObjectSize) return InvalidArgumentError("the parts are longer than the largest object, 2^43 bytes");
  const Context step = context.Within(core_->options.timeout);
  const ObjectId object = ObjectId::New(core_->clock.NowMillis(), core_->to.random);
  Written written{object, {}, 0, size, 1, {}};
  const LastOp bind = Binding(*core_, stat.name, options);
  const auto commit = [&](CommitPlan plan) -> Status {
    written.opset = OpsetOf(plan);
    PBFS_ASSIGN_OR_RETURN(PlannedOp op, bind(object, *written.opset));
    plan.ops.push_back(std::move(op));
    plan.if_name = ConditionOf(options);
    plan.complete_upload = upload;
    PBFS_ASSIGN_OR_RETURN(const Committed done, CommitOps(step, *core_, *state_, plan));
    SetBound(done, written);
    return OkStatus();
  };
  PBFS_RETURN_IF_ERROR(CommitWhole(step, *core_, *state_, object, pieces, commit));
  return written;
}

Status Bucket::AbortUpload(const Context& context, UploadId upload) {
  const Context step = context.Within(core_->options.timeout);
  bool repeat = false;
  return Repeat(step, [&] {
    const Status status = core_->to.catalog.uploads.AbortUpload(step, state_->id(), upload);
    const bool gone = repeat && status.code() == StatusCode::kNotFound;
    repeat = true;
    return gone ? OkStatus() : status;
  });
}

}  // namespace pbfs
