#include "libs/adapters/etcd/patroni_failovers.h"

#include <map>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "libs/adapters/etcd/etcd_client.h"
#include "libs/catalog/patroni.h"

namespace pbfs {
namespace {

using etcdserverpb::KeyValue;
using Json = nlohmann::json;

// A switch of standbys is a version of the key, or three. More of them than this between two looks are no failovers.
constexpr int kMostVersions = 10'000;

Status Doubt(const std::string& why) { return FailedPreconditionError(why); }

PatroniSync SyncOf(const KeyValue& pair) {
  const Json json = ParseObject(pair.value());
  return PatroniSync::Of(TextAt(json, "leader"), TextAt(json, "sync_standby"));
}

/// All of Patroni's keys at one moment, by their name within the cluster.
class View {
 public:
  View(const EtcdClient::Page& page, const std::string& prefix) {
    for (const KeyValue& pair : page.pairs) pairs_[pair.key().substr(prefix.size())] = pair;
  }
  const KeyValue* Find(const std::string& name) const {
    const auto found = pairs_.find(name);
    return found == pairs_.end() ? nullptr : &found->second;
  }
  PatroniRecords Records() const {
    const std::string leader = Value("leader");
    return {Value("initialize"),
            Value("config"),
            Value("history"),
            leader,
            leader.empty() ? "" : Value("members/" + leader),
            Find("sync") == nullptr ? PatroniSync() : SyncOf(*Find("sync"))};
  }

 private:
  std::string Value(const std::string& name) const {
    const KeyValue* pair = Find(name);
    return pair == nullptr ? "" : pair->value();
  }

  std::map<std::string, KeyValue> pairs_;
};

/// What we keep: a place that was acknowledged, and the version of `sync` at that time.
struct Remembered {
  WalPosition at;
  int64_t sync_created = 0;   // revision of etcd at which the key was made
  int64_t sync_modified = 0;  // and at which this version of it was

  static Remembered Of(const std::string& text) {
    const Json json = ParseObject(text);
    return {{TextAt(json, "system"), static_cast<int32_t>(NumberAt(json, "timeline")), NumberAt(json, "lsn")},
            NumberAt(json, "sync_created"),
            NumberAt(json, "sync_modified")};
  }
  std::string Text() const {
    return Json{{"system", at.system},
                {"timeline", at.timeline},
                {"lsn", at.lsn},
                {"sync_created", sync_created},
                {"sync_modified", sync_modified}}
        .dump();
  }
};

}  // namespace

struct PatroniFailovers::Impl {
  Impl(const std::vector<std::string>& endpoints, const TransportSecurity& security, std::string cluster_keys,
       std::string own_key)
      : client(endpoints, security), cluster(std::move(cluster_keys)), own(std::move(own_key)) {}

  Result<View> Look(const Context& context) {
    PBFS_ASSIGN_OR_RETURN(const EtcdClient::Page page, client.GetPrefix(context, cluster));
    return View(page, cluster);
  }

  /// Walks back from the version of `sync` that is there now to the remembered one: each names who came after it.
  Status CheckSince(const Context& context, const Remembered& then, const KeyValue& now) {
    if (now.create_revision() != then.sync_created)
      return Doubt("Patroni's key sync was made anew: synchronous mode was off meanwhile, or etcd lost its data");
    KeyValue newer = now;
    for (int i = 0; i < kMostVersions && newer.mod_revision() > then.sync_modified; ++i) {
      const auto older = client.Get(context, cluster + "sync", newer.mod_revision() - 1);
      if (older.status().code() == StatusCode::kOutOfRange)
        return Doubt("etcd no longer tells what Patroni's key sync was: " + older.status().message());
      PBFS_RETURN_IF_ERROR(older.status());
      if (!older->has_value()) return Doubt("Patroni's key sync was not always there");
      PBFS_RETURN_IF_ERROR(TookOver(SyncOf(**older), SyncOf(newer)));
      newer = **older;
    }
    if (newer.mod_revision() != then.sync_modified) return Doubt("etcd is not the one that was there before");
    return OkStatus();
  }

  EtcdClient client;
  const std::string cluster;
  const std::string own;
};

PatroniFailovers::PatroniFailovers(const std::vector<std::string>& endpoints, const TransportSecurity& security,
                                   std::string cluster, std::string own)
    : impl_(std::make_unique<Impl>(endpoints, security, std::move(cluster), std::move(own))) {}

PatroniFailovers::~PatroniFailovers() = default;

Status PatroniFailovers::Remember(const Context& context, const WalPosition& at) {
  PBFS_ASSIGN_OR_RETURN(const auto own, impl_->client.Get(context, impl_->own));
  PBFS_ASSIGN_OR_RETURN(const View view, impl_->Look(context));
  PBFS_RETURN_IF_ERROR(KnowsPrimary(view.Records(), at));
  const KeyValue& sync = *view.Find("sync");
  const Remembered now{at, sync.create_revision(), sync.mod_revision()};
  if (own && own->value() == now.Text()) return OkStatus();
  if (own && Remembered::Of(own->value()).at.timeline > at.timeline)
    return Doubt(
        fmt::format("the primary is on timeline {}, but a later one was thawed before: what was acknowledged there "
                    "is lost, unless a backup was restored",
                    at.timeline));
  // Another catalog may have been quicker: then its word stands.
  return impl_->client.PutIf(context, impl_->own, own ? own->mod_revision() : 0, now.Text(), 0).status();
}

Status PatroniFailovers::Vouch(const Context& context, int32_t thawed, const WalPosition& now) {
  PBFS_ASSIGN_OR_RETURN(const auto own, impl_->client.Get(context, impl_->own));
  if (!own) return Doubt("nothing is remembered of the time before");
  const Remembered then = Remembered::Of(own->value());
  PBFS_ASSIGN_OR_RETURN(const View view, impl_->Look(context));
  PBFS_RETURN_IF_ERROR(ContinuesFrom(view.Records(), then.at, thawed, now));
  return impl_->CheckSince(context, then, *view.Find("sync"));
}

}  // namespace pbfs
