#pragma once

#include <string>

#include "libs/base/sync.h"
#include "libs/catalog/patroni.h"
#include "libs/kube/kube_api.h"

namespace pbfs::catalog {

/// What Patroni knows of failovers where it keeps its records in Endpoints of Kubernetes (libs/catalog/patroni.h); writes none of them.
///
/// Kubernetes keeps no past of an object, but tells every change of it after a version that is not too old. So what is remembered, in the
/// ConfigMap "<scope>-thawed" that the operator makes, is also the version of all objects at that moment, and is written anew every `period`; after a failover the
/// record `sync` is followed from there. A version that the API server does not know any more (it keeps a minute at least) is no evidence,
/// nor is a record that was made anew.
class KubernetesFailovers final : public FailoverManager {
 public:
  struct Options {
    std::string space;  // the namespace
    std::string scope;  // of Patroni
    Duration period = std::chrono::seconds(20);
    Duration patience = std::chrono::seconds(1);  // for changes to be told
  };
  KubernetesFailovers(kube::KubeApi& kube, Options options) : kube_(kube), options_(std::move(options)) {}

  Status Remember(const Context& context, const WalPosition& at) override;
  Status Vouch(const Context& context, int32_t thawed, const WalPosition& now) override;

 private:
  struct Seen {
    PatroniRecords records;
    std::string sync_version;  // of the record's object
    std::string version;       // of all objects: from where to watch on
  };
  struct Remembered;

  Result<kube::Json> Own(const Context& context);
  Result<Seen> Look(const Context& context);
  Status FollowSync(const Context& context, const Remembered& then, const Seen& now);
  bool IsFresh(const std::string& text);

  kube::KubeApi& kube_;
  const Options options_;
  std::string last_text_;  // of what is remembered, and since when it is that
  MonotonicTime last_change_{};
};

}  // namespace pbfs::catalog
