#include "services/gateway/admin_api.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "libs/catalog/store_state.h"
#include "libs/model/op_kind_name.h"
#include "libs/s3/errors.h"
#include "libs/s3/target.h"
#include "libs/s3/text.h"
#include "services/gateway/open_buckets.h"

namespace pbfs::gateway {
namespace {

using s3::Code;
using s3::Error;
using Json = nlohmann::json;

constexpr int64_t kMaxNames = 1000;
constexpr int64_t kNames = 200;
constexpr size_t kExtents = 2000;
constexpr int64_t kLeastWindow = int64_t{64} << 20;
constexpr int32_t kOps = 200;
constexpr int64_t kMaxObject = int64_t{1} << 43;

/// What a request names, and what it is answered from.
struct Asked {
  const Context& context;
  const s3::Query& query;
  Client& client;
  const std::string& region;
  int64_t now_ms;

  std::string Text(const char* parameter) const { return std::string(query.Get(parameter)); }
  Result<int64_t> Number(const char* parameter, int64_t usual) const {
    const std::string_view text = query.Get(parameter);
    if (text.empty()) return usual;
    const std::optional<int64_t> number = s3::ParseNumber(text);
    if (!number.has_value()) return Error(Code::kInvalidArgument, fmt::format("{} must be a number", parameter));
    return *number;
  }
  Result<Bucket> OpenBucket() const {
    const std::string name = Text("bucket");
    PBFS_RETURN_IF_ERROR(s3::CheckBucketName(name));  // the bucket of access keys is none of S3's
    Result<Bucket> bucket = client.OpenBucket(context, name);
    return bucket.status().code() == StatusCode::kNotFound ? Error(Code::kNoSuchBucket) : std::move(bucket);
  }
  Result<ObjectId> Object() const {
    const Result<ObjectId> id = ObjectId::Parse(query.Get("object"));
    return id.ok() ? id : Error(Code::kInvalidArgument, "object must be the id of an object");
  }
};

std::string OrderText(const Order& order) { return fmt::format("{}.{:016x}", order.hlc, order.wid); }

template <typename Number>
Json OrNull(const std::optional<Number>& number) {
  return number.has_value() ? Json(*number) : Json();
}

Result<Json> ShowSite(const Asked& asked) { return Json{{"region", asked.region}, {"now_ms", asked.now_ms}}; }

Result<Json> ShowCluster(const Asked& asked) {
  PBFS_ASSIGN_OR_RETURN(const ClusterMap map, asked.client.DescribeCluster(asked.context));
  std::map<StoreId, int64_t> groups_of;
  int64_t whole = 0;
  for (const PlacementGroup& group : map.groups) {
    whole += group.IsWhole() ? 1 : 0;
    for (const StoreId store : group.stores) ++groups_of[store];
  }
  Json stores = Json::array();
  for (const StoreInfo& store : map.stores) {
    stores.push_back({{"id", store.id.value},
                      {"address", store.address},
                      {"domain", store.domain},
                      {"state", NameOf(store.state)},
                      {"weight", store.weight},
                      {"groups", groups_of[store.id]}});
  }
  return Json{{"version", map.version},      {"site", map.site.value},
              {"k", map.default_k},          {"m", map.default_m},
              {"stores", std::move(stores)}, {"groups", {{"total", map.groups.size()}, {"whole", whole}}}};
}

Result<Json> ShowBuckets(const Asked& asked) {
  PBFS_ASSIGN_OR_RETURN(std::vector<BucketInfo> buckets, asked.client.ListBuckets(asked.context));
  std::sort(buckets.begin(), buckets.end(),
            [](const BucketInfo& a, const BucketInfo& b) { return a.settings.name < b.settings.name; });
  Json shown = Json::array();
  for (const BucketInfo& info : buckets) {
    const BucketSettings& settings = info.settings;
    if (!s3::CheckBucketName(settings.name).ok()) continue;
    shown.push_back({{"name", settings.name},
                     {"created_ms", CreatedMs(info)},
                     {"k", OrNull(settings.k)},
                     {"m", OrNull(settings.m)},
                     {"history_ms", settings.history_ms},
                     {"versioning", settings.versioning}});
  }
  return Json{{"buckets", std::move(shown)}};
}

Result<Json> ShowNames(const Asked& asked) {
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, asked.OpenBucket());
  PBFS_ASSIGN_OR_RETURN(const int64_t limit, asked.Number("limit", kNames));
  if (limit < 1 || limit > kMaxNames) return Error(Code::kInvalidArgument, "limit must be 1 to 1000");
  ListOptions options;
  options.after = asked.Text("after");
  options.delimiter = asked.Text("delimiter");
  options.limit = static_cast<int32_t>(limit);
  options.newest = true;
  options.with_content = true;
  PBFS_ASSIGN_OR_RETURN(const NamePage page, bucket.ListNames(asked.context, asked.Text("prefix"), options));
  Json names = Json::array();
  for (const NamedObject& named : page.names) {
    const NamedContent content = named.content.value_or(NamedContent{});
    names.push_back({{"name", named.name},
                     {"size", content.size},
                     {"modified_ms", HlcMillis(std::max(named.order.hlc, content.newest))}});
  }
  return Json{{"names", std::move(names)},
              {"prefixes", page.prefixes},
              {"next", page.more && !page.last.empty() ? Json(page.last) : Json()}};
}

Result<Json> ShowObject(const Asked& asked) {
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, asked.OpenBucket());
  PBFS_ASSIGN_OR_RETURN(const ObjectView view, bucket.Open(asked.context, asked.Text("name"), {.newest = true}));
  const ObjectStat& stat = view.stat();
  return Json{{"object", stat.object.ToString()},
              {"size", stat.size},
              {"version", ToHex(stat.opset)},
              {"sealed", stat.sealed},
              {"extents", stat.extents},
              {"named_ms", HlcMillis(stat.bound.hlc)},
              {"changed_ms", HlcMillis(stat.newest)}};
}

std::string CodingOf(const VisibleExtent& extent) {
  if (extent.source.kind == SourceKind::kZeros) return "zeros";
  if (extent.source.kind == SourceKind::kObject) return "reference";
  if (!extent.encoding.has_value()) return "inline";
  return fmt::format("{}+{}", extent.encoding->k, extent.encoding->n - extent.encoding->k);
}

Result<Json> ShowExtents(const Asked& asked) {
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, asked.OpenBucket());
  PBFS_ASSIGN_OR_RETURN(const ObjectId object, asked.Object());
  PBFS_ASSIGN_OR_RETURN(const ObjectStat stat, bucket.Stat(asked.context, object));
  PBFS_ASSIGN_OR_RETURN(const int64_t from, asked.Number("lo", 0));
  PBFS_ASSIGN_OR_RETURN(const int64_t to, asked.Number("hi", stat.size));
  const int64_t hi = std::min(to, stat.size);
  // An object may have millions: looked at in windows that hold some kExtents each, were they spread evenly.
  const int64_t parts = stat.extents / static_cast<int64_t>(kExtents) + 1;
  const int64_t window = std::max(kLeastWindow, stat.size / parts);
  std::vector<VisibleExtent> visible;
  int64_t covered = std::min(from, hi);
  while (covered < hi && visible.size() < kExtents) {
    const int64_t end = std::min(hi, covered + window);
    PBFS_ASSIGN_OR_RETURN(const auto more, bucket.Extents(asked.context, object, covered, end));
    visible.insert(visible.end(), more.begin(), more.end());
    covered = end;
  }
  if (visible.size() > kExtents) {
    covered = visible[kExtents].lo;
    visible.resize(kExtents);
  }
  Json shown = Json::array();
  for (const VisibleExtent& extent : visible) {
    shown.push_back({{"lo", extent.lo},
                     {"hi", extent.hi},
                     {"order", OrderText(extent.order)},
                     {"written_ms", HlcMillis(extent.order.hlc)},
                     {"coding", CodingOf(extent)},
                     {"body_bytes", extent.body_length}});
  }
  return Json{{"size", stat.size}, {"covered_hi", covered}, {"extents", std::move(shown)}};
}

// What may lie before an op in its object's history. REHOMEs have no order: their place is the end of their millisecond.
Hlc PlaceOf(const HistoryEntry& op) { return op.kind == OpKind::kRehome ? AsOfMillis(op.at_ms) : op.order.hlc; }

Result<Json> ShowHistory(const Asked& asked) {
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, asked.OpenBucket());
  PBFS_ASSIGN_OR_RETURN(const ObjectId object, asked.Object());
  PBFS_ASSIGN_OR_RETURN(const int64_t before, asked.Number("before", INT64_MAX));
  PBFS_ASSIGN_OR_RETURN(const auto ops, bucket.History(asked.context, object, before, kOps));
  Json shown = Json::array();
  for (const HistoryEntry& op : ops) {
    shown.push_back({{"op", op.op.ToString()},
                     {"kind", NameOf(op.kind)},
                     {"order", OrderText(op.order)},
                     {"at_ms", op.at_ms},
                     {"lo", op.lo},
                     {"hi", std::min(op.hi, kMaxObject)},  // a TRUNC has no end
                     {"bytes", op.bytes},
                     {"name", op.name},
                     {"authentic", op.authentic}});
  }
  const bool more = ops.size() >= static_cast<size_t>(kOps);
  return Json{{"ops", std::move(shown)}, {"next", more ? Json(std::to_string(PlaceOf(ops.back()))) : Json()}};
}

Result<Json> ShowNameHistory(const Asked& asked) {
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, asked.OpenBucket());
  PBFS_ASSIGN_OR_RETURN(const auto values, bucket.NameHistory(asked.context, asked.Text("name")));
  Json shown = Json::array();
  for (const NameHistoryEntry& value : values) {
    shown.push_back({{"object", value.object.has_value() ? Json(value.object->ToString()) : Json()},
                     {"at_ms", HlcMillis(value.order.hlc)},
                     {"order", OrderText(value.order)},
                     {"current", value.current}});
  }
  return Json{{"values", std::move(shown)}};
}

struct Document {
  std::string_view name;
  Result<Json> (*show)(const Asked& asked);
};
constexpr Document kDocuments[] = {
    {"site", ShowSite},     {"cluster", ShowCluster}, {"buckets", ShowBuckets}, {"names", ShowNames},
    {"object", ShowObject}, {"extents", ShowExtents}, {"history", ShowHistory}, {"name-history", ShowNameHistory},
};

// The client's word for what no name, id or range can be; S3's own errors have a code already.
Status InWordsOfS3(const Status& status) {
  const bool bare = status.code() == StatusCode::kInvalidArgument && s3::ToFailure(status).http_status >= 500;
  return bare ? Error(Code::kInvalidArgument, status.message()) : status;
}

}  // namespace

Result<std::string> AdminApi::Get(const Context& context, std::string_view what, std::string_view query) {
  const auto* document =
      std::find_if(std::begin(kDocuments), std::end(kDocuments), [&](const Document& d) { return d.name == what; });
  if (document == std::end(kDocuments)) return Error(Code::kNotImplemented, "There is no such document");
  PBFS_ASSIGN_OR_RETURN(const s3::Query parameters, s3::ParseQuery(query));
  const Result<Json> shown = document->show({context, parameters, client_, region_, clock_.NowMillis()});
  if (!shown.ok()) return InWordsOfS3(shown.status());
  // Names are UTF-8 already; what a server says of itself may be anything.
  return shown->dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace pbfs::gateway
