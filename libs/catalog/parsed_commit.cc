#include "libs/catalog/parsed_commit.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "libs/catalog/encoding_rules.h"
#include "libs/catalog/receipts.h"
#include "libs/catalog/rules.h"
#include "libs/format/op_record.h"
#include "libs/model/limits.h"

namespace pbfs {
namespace {

BodyId IdOf(const RecordBody& body) { return BodyId::FromBytes(ByteSpan(body.header).subspan(16, 16)); }

Extent ToExtent(const OpRecord& record, const RecordExtent& from) {
  return {from.lo, from.hi, from.order, record.SourceOf(from), from.inner, record.op};
}

ParsedOp ToOp(OpRecord&& record, const Buffer& bytes) {
  ParsedOp op;
  op.kind = record.kind;
  op.op = record.op;
  op.object = record.object;
  op.order = record.order;
  op.record = bytes;
  op.digest = RecordDigest(bytes);
  op.extents.reserve(record.extents.size());
  for (const RecordExtent& extent : record.extents) op.extents.push_back(ToExtent(record, extent));
  for (const ListedSource& source : record.listed) {
    op.sources.push_back({source.lo, source.hi, source.order, source.body});
  }
  op.name = std::move(record.name);
  op.dropped = record.dropped;
  return op;
}

/// What the record's own check leaves: orders so far ahead that arithmetic on them would overflow, and the sources of a
/// REHOME outside of its one region.
bool IsSound(const ParsedOp& op) {
  constexpr Hlc kMaxHlc = Hlc{1} << 62;
  const auto sane = [](Order order) { return order.hlc < kMaxHlc; };
  if (op.op.IsNull() || !sane(op.order)) return false;
  if (op.kind != OpKind::kRehome) return true;
  const int64_t region = RegionOf(op.sources[0].lo);
  return std::all_of(op.sources.begin(), op.sources.end(),
                     [&](const RehomeSource& source) { return RegionOf(source.lo) == region; });
}

class Parser {
 public:
  Parser(const CommitRequest& request, const ParseRules& rules) : request_(request), rules_(rules) {}

  Result<ParsedCommit> Run() {
    PBFS_RETURN_IF_ERROR(CheckShape());
    commit_.bucket = request_.bucket;
    commit_.creates = request_.creates;
    commit_.if_opset = request_.if_opset;
    commit_.if_name = request_.if_name;
    commit_.complete_upload = request_.complete_upload;
    commit_.versioning = request_.versioning.value_or(rules_.bucket.versioning);
    commit_.if_meta = request_.if_meta;
    for (const Buffer& record : request_.records) PBFS_RETURN_IF_ERROR(AddRecord(record));
    PBFS_RETURN_IF_ERROR(CheckTogether());
    for (const BodyUpload& upload : request_.bodies) PBFS_RETURN_IF_ERROR(AddBody(upload));
    return std::move(commit_);
  }

 private:
  Status CheckShape() const {
    if (request_.records.empty()) return InvalidArgumentError("a commit needs at least one op");
    if (request_.records.size() > kMaxOpsPerCommit) return InvalidArgumentError("a commit has at most 64 ops");
    return OkStatus();
  }

  Status AddRecord(const Buffer& bytes) {
    PBFS_ASSIGN_OR_RETURN(OpRecord record, DecodeRecord(bytes));
    if (record.bucket != request_.bucket) return InvalidArgumentError("an op of another bucket");
    for (const RecordBody& body : record.bodies) {
      const auto [known, fresh] = named_.emplace(IdOf(body), body);
      if (known->second != body) commit_.refused = CommitCode::kBadOp;
    }
    commit_.record_bytes += bytes.size();
    commit_.ops.push_back(ToOp(std::move(record), bytes));
    if (!IsSound(commit_.ops.back())) commit_.refused = CommitCode::kBadOp;
    return OkStatus();
  }

  Status CheckTogether() {
    std::unordered_set<OpId> ids;
    for (const ParsedOp& op : commit_.ops) {
      if (op.kind == OpKind::kRehome && commit_.ops.size() > 1) return InvalidArgumentError("a REHOME stands alone");
      if (!ids.insert(op.op).second) return InvalidArgumentError("an op twice in one commit");
    }
    const bool named = std::any_of(commit_.ops.begin(), commit_.ops.end(), [](const ParsedOp& op) {
      return op.kind == OpKind::kBind || op.kind == OpKind::kUnbind;
    });
    const bool binds = std::any_of(commit_.ops.begin(), commit_.ops.end(),
                                   [](const ParsedOp& op) { return op.kind == OpKind::kBind; });
    if (request_.complete_upload && !binds) return InvalidArgumentError("complete_upload needs a BIND");
    if (request_.if_name && !named) return InvalidArgumentError("if_name needs a BIND or UNBIND");
    if (request_.if_meta && commit_.ops[0].kind != OpKind::kMeta) {
      return InvalidArgumentError("if_meta needs a META in front");
    }
    if (request_.if_opset && !IsContentOp(commit_.ops[0].kind)) {
      return InvalidArgumentError("if_opset needs a content op in front");
    }
    return OkStatus();
  }

  Status AddBody(const BodyUpload& upload) {
    const auto named = named_.find(upload.id);
    if (named == named_.end()) return InvalidArgumentError("a body that no op of the commit names");
    if (!uploaded_.insert(upload.id).second) return InvalidArgumentError("a body twice in one commit");
    ParsedBody body;
    body.row.id = upload.id;
    body.row.key_epoch = upload.key_epoch;
    body.row.header = named->second.header;
    body.row.ct_root = named->second.ct_root;
    body.row.wrapped_dek = upload.wrapped_dek;
    body.row.encoding = upload.encoding;
    if (upload.encoding) {
      PBFS_RETURN_IF_ERROR(CheckEncoding(*upload.encoding));
      PBFS_ASSIGN_OR_RETURN(body.held, ReadReceipts(upload, rules_));
      body.required = RequiredReceipts(rules_, *upload.encoding);
    } else {
      PBFS_RETURN_IF_ERROR(CheckInline(upload, BodyLength(named->second.header)));
      body.row.inline_ct = upload.inline_ct;
      commit_.record_bytes += upload.inline_ct.size();
    }
    commit_.bodies.push_back(std::move(body));
    return OkStatus();
  }

  static Status CheckInline(const BodyUpload& upload, int64_t length) {
    constexpr int64_t kTag = 16;
    const bool fits = length <= kMaxInlineBody && static_cast<int64_t>(upload.inline_ct.size()) == length + kTag;
    if (!fits || !upload.receipts.empty())
      return InvalidArgumentError("an inline body is at most 4 KiB, its one segment complete");
    return OkStatus();
  }

  const CommitRequest& request_;
  const ParseRules& rules_;
  ParsedCommit commit_;
  std::unordered_map<BodyId, RecordBody> named_;
  std::unordered_set<BodyId> uploaded_;
};

}  // namespace

bool ParsedCommit::HasNames() const {
  return std::any_of(ops.begin(), ops.end(), [](const ParsedOp& op) { return op.IsName(); });
}

Result<ParsedCommit> ParseCommit(const CommitRequest& request, const ParseRules& rules) {
  return Parser(request, rules).Run();
}

}  // namespace pbfs
