// Of the object API: what reads, of the present and of the past.
#include <algorithm>

#include "libs/s3/conditions.h"
#include "services/gateway/object_service.h"
#include "services/gateway/versions.h"

namespace pbfs::gateway {
namespace {

using s3::Code;
using s3::Error;

constexpr int kOpenAgain = 10;
constexpr int32_t kMaxEntries = 10'000;  // of a page
constexpr int32_t kEntries = 1'000;      // by default

// What shows more than the present is an action of its own: whoever may read a key may not know what stood there before.
constexpr ObjectMethod kGet{"Get", "GetObject", "s3:GetObject"};
constexpr ObjectMethod kGetPast{"Get", "GetObjectAsOf", "s3:GetObjectVersion"};
constexpr ObjectMethod kHead{"Head", "HeadObject", "s3:GetObject"};
constexpr ObjectMethod kHeadPast{"Head", "HeadObjectAsOf", "s3:GetObjectVersion"};
constexpr ObjectMethod kHistory{"History", "GetObjectHistory", "s3:GetObjectVersion"};
constexpr ObjectMethod kNameHistory{"NameHistory", "GetNameHistory", "s3:GetObjectVersion"};
constexpr ObjectMethod kExtents{"Extents", "GetExtents", "s3:GetObject"};
constexpr ObjectMethod kExtentsPast{"Extents", "GetExtentsAsOf", "s3:GetObjectVersion"};

/// Where the bytes of a read go, and how many they were.
class CountingSink final : public ByteSink {
 public:
  CountingSink(objects::ObjectSink& to, int64_t& count) : to_(to), count_(count) {}
  Status Write(const Context& context, ByteSpan bytes) override {
    PBFS_RETURN_IF_ERROR(to_.Write(context, bytes));
    count_ += static_cast<int64_t>(bytes.size());
    return OkStatus();
  }

 private:
  objects::ObjectSink& to_;
  int64_t& count_;
};

Result<objects::Facts> FactsOf(const ObjectStat& stat, const std::string& version_id) {
  objects::Facts facts;
  facts.object = stat.object;
  facts.size = stat.size;
  facts.etag = EtagOf(stat);
  facts.modified_ms = LastModifiedMs(stat);
  s3::StoredHeaders stored = StoredHeadersOf(stat.metadata);
  facts.properties.content_type = std::move(stored.content_type);
  facts.properties.metadata = std::move(stored.user);
  facts.properties.headers = std::move(stored.headers);
  PBFS_ASSIGN_OR_RETURN(const s3::Tags tags, TagsOf(stat.metadata));
  facts.properties.tags = {tags.begin(), tags.end()};
  facts.checksum = ShownOf(ChecksumOf(stat.metadata, stat.opset));
  facts.version_id = version_id;
  return facts;
}

// Of what a key was bound to: the object has other content by now, or none.
Result<objects::Facts> PastFactsOf(const ObjectStat& stat) {
  PBFS_ASSIGN_OR_RETURN(objects::Facts facts, FactsOf(stat, ""));
  facts.size.reset();
  facts.etag.clear();
  facts.checksum.reset();
  facts.modified_ms = HlcMillis(stat.bound.hlc);
  return facts;
}

Status MissingAs(const Status& status) {
  return status.code() == StatusCode::kNotFound ? Error(Code::kNoSuchKey) : status;
}

Result<ObjectStat> StatPast(Bucket& bucket, Call& call, Hlc as_of) {
  Result<ObjectStat> stat = bucket.Stat(call.context(), call.key(), {as_of});
  if (!stat.ok()) return MissingAs(stat.status());
  return stat;
}

// What the conditions say; true: what the caller has is still right.
Result<bool> NotModified(Call& call, const ObjectStat& stat) {
  const s3::Verdict verdict = s3::CheckRead(call.fields(), {true, EtagOf(stat), LastModifiedMs(stat)});
  if (verdict == s3::Verdict::kPreconditionFailed) return Error(Code::kPreconditionFailed);
  return verdict == s3::Verdict::kNotModified;
}

// As a Range of HTTP, so that both refuse the same.
std::string RangeOf(const objects::GetRequest& request) {
  if (request.offset < 0) return "bytes=" + std::to_string(request.offset);
  const std::string last = request.length == 0 ? "" : std::to_string(request.offset + request.length - 1);
  return "bytes=" + std::to_string(request.offset) + "-" + last;
}

Result<s3::ByteRange> WantedOf(const objects::GetRequest& request, int64_t size) {
  const s3::ByteRange all{0, size};
  if (request.offset == 0 && request.length == 0) return all;
  PBFS_ASSIGN_OR_RETURN(const auto range, s3::ResolveRange(RangeOf(request), size));
  return range.value_or(all);
}

void CheckRequest(const objects::GetRequest& request, ObjectCall& call) {
  call.Require(request.offset >= -s3::kMaxObjectBytes && request.offset <= s3::kMaxObjectBytes,
               "offset is beyond what an object can have");
  call.Require(request.length >= 0 && request.length <= s3::kMaxObjectBytes,
               "length is beyond what an object can have");
  call.Require(request.offset >= 0 || request.length == 0, "an offset from the end has no length");
}

void CheckTime(int64_t as_of_ms, ObjectCall& call) {
  call.Require(IsTime(as_of_ms), "as_of_ms is no time");
  call.Require(as_of_ms == 0 || !call.call().query().Has("versionId"), "a time and a version are asked for");
}

void CheckPast(int64_t as_of_ms, const objects::Conditions& conditions, ObjectCall& call) {
  CheckTime(as_of_ms, call);
  call.Require(as_of_ms == 0 || (conditions.if_match.empty() && conditions.if_none_match.empty()),
               "there are no conditions on the past");
}

}  // namespace

Status ObjectService::ReadNow(Call& call, const objects::GetRequest& request, objects::ObjectSink& sink,
                              int64_t& sent) {
  // What is likely to be wanted, before the size is known; of a range from the end it is listed afterwards.
  const int64_t first = std::max<int64_t>(request.offset, 0);
  const int64_t last = request.length == 0 ? s3::kMaxObjectBytes : first + request.length;
  PBFS_ASSIGN_OR_RETURN(const Bucket bucket, BucketOf(site_, call));
  for (int attempt = 0;; ++attempt) {
    PBFS_ASSIGN_OR_RETURN(ObjectView view, OpenKey(site_, call, first, request.offset < 0 ? 1 : last));
    objects::Opened opened;
    PBFS_ASSIGN_OR_RETURN(opened.facts, FactsOf(view.stat(), IdOfRead(call, bucket, view.stat())));
    PBFS_ASSIGN_OR_RETURN(opened.not_modified, NotModified(call, view.stat()));
    if (opened.not_modified) return sink.Begin(call.context(), opened);
    PBFS_ASSIGN_OR_RETURN(const s3::ByteRange range, WantedOf(request, view.stat().size));
    opened.lo = range.begin, opened.hi = range.end;
    const Status covered = view.Cover(call.context(), range.begin, range.end);
    if (covered.code() == StatusCode::kAborted && attempt < kOpenAgain) continue;  // it has changed meanwhile
    PBFS_RETURN_IF_ERROR(covered);
    PBFS_RETURN_IF_ERROR(sink.Begin(call.context(), opened));
    CountingSink counting(sink, sent);
    return view.Read(call.context(), range.begin, range.end, counting);
  }
}

Status ObjectService::ReadPast(Call& call, const objects::GetRequest& request, objects::ObjectSink& sink,
                               int64_t& sent) {
  if (request.offset < 0)
    return Error(Code::kInvalidArgument, "the size of the past is not known: offset must be at least 0");
  const Hlc as_of = *AsOf(request.as_of_ms);
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, BucketOf(site_, call));
  PBFS_ASSIGN_OR_RETURN(const ObjectStat stat, StatPast(bucket, call, as_of));
  objects::Opened opened;
  PBFS_ASSIGN_OR_RETURN(opened.facts, PastFactsOf(stat));
  opened.lo = request.offset;
  PBFS_RETURN_IF_ERROR(sink.Begin(call.context(), opened));
  CountingSink counting(sink, sent);
  const int64_t most = s3::kMaxObjectBytes - request.offset;
  const int64_t length = request.length == 0 ? most : std::min(request.length, most);
  return bucket.Read(call.context(), stat.object, request.offset, length, counting, {as_of}).status();
}

Status ObjectService::Get(const Context& context, const objects::Caller& caller, const objects::GetRequest& request,
                          objects::ObjectSink& sink) {
  const bool past = request.as_of_ms != 0;
  ObjectCall call(context, caller, past ? kGetPast : kGet, gateway_.NewRequestId(), request.at);
  call.SetConditions(request.conditions);
  CheckRequest(request, call);
  CheckPast(request.as_of_ms, request.conditions, call);
  int64_t sent = 0;
  const auto deed = [&] {
    return past ? ReadPast(call.call(), request, sink, sent) : ReadNow(call.call(), request, sink, sent);
  };
  return Run(call, caller, deed, &sent);
}

Result<objects::Opened> ObjectService::Head(const Context& context, const objects::Caller& caller,
                                            const objects::HeadRequest& request) {
  const bool past = request.as_of_ms != 0;
  ObjectCall call(context, caller, past ? kHeadPast : kHead, gateway_.NewRequestId(), request.at);
  call.SetConditions(request.conditions);
  CheckPast(request.as_of_ms, request.conditions, call);
  return Answer<objects::Opened>(call, caller, [&]() -> Result<objects::Opened> {
    objects::Opened opened;
    PBFS_ASSIGN_OR_RETURN(Bucket bucket, BucketOf(site_, call.call()));
    if (past) {
      PBFS_ASSIGN_OR_RETURN(const ObjectStat stat, StatPast(bucket, call.call(), *AsOf(request.as_of_ms)));
      PBFS_ASSIGN_OR_RETURN(opened.facts, PastFactsOf(stat));
      return opened;
    }
    PBFS_ASSIGN_OR_RETURN(const ObjectView view, OpenKey(site_, call.call()));
    PBFS_ASSIGN_OR_RETURN(opened.facts, FactsOf(view.stat(), IdOfRead(call.call(), bucket, view.stat())));
    PBFS_ASSIGN_OR_RETURN(opened.not_modified, NotModified(call.call(), view.stat()));
    return opened;
  });
}

Result<std::vector<objects::Op>> ObjectService::History(const Context& context, const objects::Caller& caller,
                                                        const objects::HistoryRequest& request) {
  ObjectCall call(context, caller, kHistory, gateway_.NewRequestId(), request.at);
  call.Require(request.limit >= 0 && request.limit <= kMaxEntries, "limit must be 1 to 10000");
  call.Require(request.before >= 0, "before is no order");
  return Answer<std::vector<objects::Op>>(call, caller, [&]() -> Result<std::vector<objects::Op>> {
    PBFS_ASSIGN_OR_RETURN(const ObjectView view, OpenKey(site_, call.call()));
    PBFS_ASSIGN_OR_RETURN(Bucket bucket, BucketOf(site_, call.call()));
    const Hlc before = request.before == 0 ? INT64_MAX : request.before;
    const int32_t limit = request.limit == 0 ? kEntries : request.limit;
    PBFS_ASSIGN_OR_RETURN(const auto entries, bucket.History(context, view.stat().object, before, limit));
    std::vector<objects::Op> ops;
    for (const HistoryEntry& entry : entries) {
      // Not its name: an object may have had one that this caller must not know.
      ops.push_back(
          {entry.op, entry.kind, entry.order.hlc, entry.at_ms, entry.lo, entry.hi, entry.bytes, entry.authentic});
    }
    return ops;
  });
}

Result<std::vector<objects::NameValue>> ObjectService::NameHistory(const Context& context,
                                                                   const objects::Caller& caller,
                                                                   const objects::Key& at) {
  ObjectCall call(context, caller, kNameHistory, gateway_.NewRequestId(), at);
  return Answer<std::vector<objects::NameValue>>(call, caller, [&]() -> Result<std::vector<objects::NameValue>> {
    PBFS_ASSIGN_OR_RETURN(Bucket bucket, BucketOf(site_, call.call()));
    PBFS_ASSIGN_OR_RETURN(const auto entries, bucket.NameHistory(context, at.key));
    if (entries.empty()) return Error(Code::kNoSuchKey);
    std::vector<objects::NameValue> values;
    for (const NameHistoryEntry& entry : entries)
      values.push_back({entry.object, HlcMillis(entry.order.hlc), entry.current});
    return values;
  });
}

Result<objects::ExtentPage> ObjectService::Extents(const Context& context, const objects::Caller& caller,
                                                   const objects::ExtentsRequest& request) {
  const bool past = request.as_of_ms != 0;
  ObjectCall call(context, caller, past ? kExtentsPast : kExtents, gateway_.NewRequestId(), request.at);
  call.Require(request.lo >= 0 && request.hi >= 0 && request.lo <= s3::kMaxObjectBytes &&
                   request.hi <= s3::kMaxObjectBytes && (request.hi == 0 || request.lo <= request.hi),
               "[lo, hi) is no range of an object");
  call.Require(request.limit >= 0 && request.limit <= kMaxEntries, "limit must be 1 to 10000");
  CheckTime(request.as_of_ms, call);
  return Answer<objects::ExtentPage>(call, caller, [&]() -> Result<objects::ExtentPage> {
    PBFS_ASSIGN_OR_RETURN(Bucket bucket, BucketOf(site_, call.call()));
    ReadOptions options{AsOf(request.as_of_ms)};
    ObjectId object;
    int64_t end = s3::kMaxObjectBytes;
    if (past) {
      const Result<ObjectId> found = bucket.Find(context, request.at.key, options);
      if (!found.ok()) return MissingAs(found.status());
      object = *found;
    } else {
      PBFS_ASSIGN_OR_RETURN(const ObjectView view, OpenKey(site_, call.call()));
      object = view.stat().object, end = view.stat().size;
    }
    objects::ExtentPage page;
    const int64_t hi = request.hi == 0 ? end : std::min(request.hi, end);
    if (request.lo >= hi) return page;
    PBFS_ASSIGN_OR_RETURN(const auto extents, bucket.Extents(context, object, request.lo, hi, options));
    const size_t limit = static_cast<size_t>(request.limit == 0 ? kEntries : request.limit);
    for (const VisibleExtent& extent : extents) {
      if (page.extents.size() == limit) {
        page.next = extent.lo;
        break;
      }
      page.extents.push_back({extent.lo, extent.hi, extent.order.hlc, extent.source.kind == SourceKind::kZeros});
    }
    return page;
  });
}

}  // namespace pbfs::gateway
