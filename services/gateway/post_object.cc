// PostObject: uploads by HTML forms. The form, not the request, says who signs it and what is allowed.
#include "libs/s3/conditions.h"
#include "libs/s3/documents.h"
#include "libs/s3/post_form.h"
#include "libs/s3/post_policy.h"
#include "libs/s3/text.h"
#include "services/gateway/object_facts.h"
#include "services/gateway/object_lock.h"
#include "services/gateway/operations.h"
#include "services/gateway/piece_memory.h"
#include "services/gateway/versions.h"

namespace pbfs::gateway {
namespace {

using s3::Code;
using s3::Error;

constexpr size_t kRawBytes = 64 << 10;

/// The body of the request, taken apart as it comes.
class FormBody {
 public:
  FormBody(Call& call, s3::FormDecoder decoder) : call_(call), decoder_(std::move(decoder)), raw_(kRawBytes) {}

  /// Reads up to where the file begins.
  Result<s3::PostForm> ReadForm() {
    while (!decoder_.file_begun()) {
      PBFS_ASSIGN_OR_RETURN(const size_t file_bytes, Step({}));
      if (file_bytes == 0 && ended_)
        return decoder_.Finish().ok() ? Error(Code::kMalformedPostRequest) : decoder_.Finish();
    }
    return decoder_.form();
  }
  /// The next bytes of the file; fewer than the piece may have only at its end.
  Result<Bytes> ReadPiece(PieceMemory& memory) {
    Bytes piece;
    PBFS_RETURN_IF_ERROR(Fill(piece, memory.AtFirst()));
    if (!ended_) PBFS_RETURN_IF_ERROR(Fill(piece, memory.AtMost()));
    if (ended_) PBFS_RETURN_IF_ERROR(decoder_.Finish());
    return piece;
  }
  bool ended() const { return ended_; }

 private:
  Status Fill(Bytes& piece, size_t size) {
    while (piece.size() < size && !ended_) {
      const size_t have = piece.size();
      piece.resize(std::min(size, have + kRawBytes));
      PBFS_ASSIGN_OR_RETURN(const size_t got, Step(MutableByteSpan(piece).subspan(have)));
      piece.resize(have + got);
    }
    return OkStatus();
  }
  // Reads where all has been decoded, then decodes.
  Result<size_t> Step(MutableByteSpan out) {
    if (at_ == end_) {
      PBFS_ASSIGN_OR_RETURN(end_, call_.http().Read(call_.context(), raw_));
      at_ = 0;
      ended_ = end_ == 0;
      if (ended_) return size_t{0};
    }
    PBFS_ASSIGN_OR_RETURN(const auto progress, decoder_.Decode(ByteSpan(raw_).first(end_).subspan(at_), out));
    at_ += progress.consumed;
    return progress.produced;
  }

  Call& call_;
  s3::FormDecoder decoder_;
  Bytes raw_;
  size_t at_ = 0, end_ = 0;
  bool ended_ = false;
};

// Finds out who signed the form. Errors (of S3): those of what is wrong with it.
Status Authenticate(Site& site, Call& call, const s3::PostForm& form) {
  PBFS_ASSIGN_OR_RETURN(const auto authorization, s3::ReadPostAuthorization(form));
  if (!authorization.has_value()) return OkStatus();
  const std::string& id = authorization->credential.access_key;
  PBFS_ASSIGN_OR_RETURN(const AccessKey key, FindSigner(site.keys, call.context(), id));
  PBFS_RETURN_IF_ERROR(s3::VerifyPostSignature(form, *authorization, key.secret, site.options.region));
  call.caller = {key.id, key.user, key.policy};
  return OkStatus();
}

Result<std::optional<s3::PostPolicy>> PolicyOf(Site& site, Call& call, const s3::PostForm& form) {
  if (!form.fields.Has("policy")) return std::optional<s3::PostPolicy>{};
  PBFS_ASSIGN_OR_RETURN(s3::PostPolicy policy, s3::ParsePostPolicy(form.fields.Get("policy")));
  PBFS_RETURN_IF_ERROR(s3::CheckPostPolicy(policy, form, call.bucket(), site.clock.NowMillis()));
  return std::optional<s3::PostPolicy>(std::move(policy));
}

Status Answer(Call& call, const s3::PostForm& form, const Written& put, const std::string& etag,
              const ObjectMetadata& metadata) {
  HttpFields fields = {{"ETag", s3::Quoted(etag)}};
  AddMade(put, fields);
  AddEncryption(metadata, fields);
  fields.Set("Location", call.Url());
  const std::string redirect(form.fields.Get("success_action_redirect"));
  if (redirect.starts_with("http://") || redirect.starts_with("https://")) {
    fields.Set("Location", redirect + (redirect.find('?') == std::string::npos ? "?" : "&") +
                               "bucket=" + call.bucket() + "&key=" + s3::UriEncode(call.key(), true) +
                               "&etag=" + s3::UriEncode(s3::Quoted(etag), true));
    return call.Send(303, std::move(fields));
  }
  const std::string_view status = form.fields.Get("success_action_status");
  if (status == "200") return call.Send(200, std::move(fields));
  if (status != "201") return call.Send(204, std::move(fields));
  return call.SendXml(s3::ToXml(s3::PostResult{call.Url(), call.bucket(), call.key(), etag}), std::move(fields), 201);
}

}  // namespace

Status PostObject(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(s3::FormDecoder decoder, s3::FormDecoder::Make(call.fields().Get("Content-Type")));
  FormBody body(call, std::move(decoder));
  PBFS_ASSIGN_OR_RETURN(const s3::PostForm form, body.ReadForm());
  PBFS_RETURN_IF_ERROR(Authenticate(site, call, form));
  PBFS_ASSIGN_OR_RETURN(const std::optional<s3::PostPolicy> policy, PolicyOf(site, call, form));
  call.target.key = form.Key();
  if (call.key().empty()) return Error(Code::kInvalidArgument, "Bucket POST must contain a field named 'key'.");
  if (call.key().size() > s3::kMaxKeyBytes) return Error(Code::kKeyTooLong);
  if (!s3::IsUtf8(call.key())) return Error(Code::kInvalidUri);
  PBFS_RETURN_IF_ERROR(site.access.Check(call, "s3:PutObject"));
  HttpFields fields = form.fields;
  if (const auto acl = fields.Find("acl"); acl.has_value()) fields.Set("x-amz-acl", std::string(*acl));
  PBFS_RETURN_IF_ERROR(CheckNoCustomerKeys(fields));
  PBFS_RETURN_IF_ERROR(site.access.CheckAcl(call, fields));
  PBFS_RETURN_IF_ERROR(CheckServedFields(fields));
  PutOptions options;
  PBFS_ASSIGN_OR_RETURN(options.metadata, MetadataOfRequest(form.fields));
  if (const auto tagging = fields.Find("tagging"); tagging.has_value()) {
    PBFS_ASSIGN_OR_RETURN(const s3::Tags tags, s3::ParseTags(*tagging));
    PBFS_RETURN_IF_ERROR(s3::CheckTags(tags, s3::kMaxObjectTags));
    SetTags(tags, options.metadata);
  }
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, BucketOf(site, call));
  PBFS_RETURN_IF_ERROR(LockNew(site, call, bucket, fields, options.metadata));
  PBFS_RETURN_IF_ERROR(AddDefaults(site, call, bucket, options.metadata));
  const bool with_md5 = bucket.info().settings.etag == Etag::kMd5;
  s3::Md5 md5;
  s3::Checksum checksum(s3::ChecksumAlgorithm::kCrc64Nvme);
  const auto writer = bucket.NewObject(call.context());
  int64_t size = 0;
  PieceMemory memory(site);
  while (!body.ended()) {
    PBFS_ASSIGN_OR_RETURN(Bytes piece, body.ReadPiece(memory));
    if (piece.empty()) continue;
    const size_t length = piece.size();
    size += static_cast<int64_t>(length);
    if (with_md5) md5.Update(piece);
    checksum.Update(piece);
    PBFS_RETURN_IF_ERROR(writer->Add(std::move(piece)));
    memory.HandOn(length);
  }
  if (policy.has_value()) PBFS_RETURN_IF_ERROR(s3::CheckPostSize(*policy, size));
  if (with_md5) options.metadata.etag = ToHex(md5.Finish());
  SetChecksum(checksum.algorithm(), s3::ChecksumType::kFullObject, Base64(checksum.Finish()), options.metadata);
  options.metadata.opset.emplace();  // of the content; filled in where it is bound
  const Result<Written> put = writer->Bind(call.key(), options);
  PBFS_RETURN_IF_ERROR(put.status());
  options.metadata.opset = put->opset;
  return Answer(call, form, *put, EtagOf(put->object, *put->opset, options.metadata), options.metadata);
}

}  // namespace pbfs::gateway
