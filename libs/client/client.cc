#include "libs/client/client.h"

#include <algorithm>

#include <fmt/format.h>
#include <sched.h>

#include "libs/client/keyrings.h"
#include "libs/client/listing.h"
#include "libs/client/parts.h"
#include "libs/client/rehome.h"
#include "libs/format/keyring.h"
#include "libs/format/name.h"

namespace pbfs {
namespace {

constexpr int64_t kLeastMemory = 16 << 20;
constexpr size_t kExecutorQueue = 4096;

size_t ThreadsFor(int wanted) {
  if (wanted > 0) return static_cast<size_t>(wanted);
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 2;
  return static_cast<size_t>(std::max(1, CPU_COUNT(&set)));
}

int64_t DrawWid(Random& random) {
  int64_t wid = 0;
  while (wid == 0) wid = static_cast<int64_t>(random.U64() >> 1);
  return wid;
}

Keyring::Recipient RecipientOf(const BucketMember& member) {
  return {member.box, member.signing, member.may_write ? KeyringRole::kWriter : KeyringRole::kReader, {}};
}

Status CheckSettings(const BucketSettings& settings) {
  PBFS_RETURN_IF_ERROR(CheckName(settings.name));
  if (settings.k.has_value() != settings.m.has_value()) return InvalidArgumentError("give both k and m, or neither");
  if (settings.k.has_value()) {
    const int k = *settings.k, m = *settings.m;
    if (k < 1 || k > kMaxDataShards || k + m > kMaxShards) {
      return InvalidArgumentError(
          fmt::format("{}+{} is out of range: k is 1 to {}, k + m at most {}", k, m, kMaxDataShards, kMaxShards));
    }
    if (settings.w.has_value() && (*settings.w < k || *settings.w > k + m)) {
      return InvalidArgumentError("w lies between k and k + m");
    }
  }
  if (settings.history_ms < 0 || settings.history_ms > int64_t{365} * 86'400'000) {
    return InvalidArgumentError("history is 0 to 365 days");
  }
  return OkStatus();
}

}  // namespace

ClientCore::ClientCore(const ClientOptions& o, const ClientDependencies& d)
    : options(o),
      to(d),
      wid(DrawWid(d.random)),
      clock(d.clock),
      cluster(d.catalog.groups, d.tokens, o.subject, d.random, clock, o.store_avoided),
      budget(o.memory_bytes),
      ahead(o.memory_bytes / 4),
      executor("pbfs-client", ThreadsFor(o.threads), kExecutorQueue),
      streams("pbfs-stream", static_cast<size_t>(std::max(1, o.streams_in_flight)), kExecutorQueue),
      offers(o.rehome_offers, d.random, counters,
             [this](const Context& context, const OpenedBucket& bucket, const ObjectId& object, int64_t region) {
               return RehomeRegion(context, *this, bucket, object, region, options.rehome_offers.policy,
                                   RehomePatience::kOffered);
             }) {}

Hlc ClientCore::NextHlc(Hlc above) {
  const Hlc next = clock.Next();
  // A little chance keeps two ops of this process from meeting above a region that is ahead of time.
  return next > above ? next : above + 1 + static_cast<Hlc>(to.random.Below(256));
}

void ClientCore::Observe(Hlc seen, int64_t now_ms) {
  if (now_ms > 0) clock.ObserveCatalogTime(now_ms);
  if (seen <= HlcFromMillis(clock.NowMillis() + kMaxHlcDriftMs)) clock.Observe(seen);
}

Client::Client(std::unique_ptr<ClientCore> core) : core_(std::move(core)) {}
Client::~Client() = default;

Result<std::unique_ptr<Client>> Client::Create(const ClientOptions& options, const ClientDependencies& dependencies) {
  if (options.memory_bytes < kLeastMemory) return InvalidArgumentError("memory_bytes: a client needs at least 16 MiB");
  if (options.threads < 0 || options.threads > 1024) return InvalidArgumentError("threads: 0 to 1024");
  if (options.streams_in_flight < 1) return InvalidArgumentError("streams_in_flight: at least 1");
  const RehomeOfferOptions& offers = options.rehome_offers;
  if (offers.concurrent < 1 || offers.concurrent > 64)
    return InvalidArgumentError("rehome_offers: 1 to 64 at one time");
  if (offers.queued < 1) return InvalidArgumentError("rehome_offers: at least one waits");
  return std::unique_ptr<Client>(new Client(std::make_unique<ClientCore>(options, dependencies)));
}

Result<Bucket> Client::CreateBucket(const Context& context, const BucketSettings& settings,
                                    const std::vector<BucketMember>& others) {
  PBFS_RETURN_IF_ERROR(CheckSettings(settings));
  PBFS_ASSIGN_OR_RETURN(const ClientIdentity identity, core_->to.keys.Identity());
  PBFS_ASSIGN_OR_RETURN(const SigningKey admin, core_->to.keys.AdminKey());
  BucketInfo info;
  info.id = BucketId::New(core_->clock.NowMillis(), core_->to.random);  // tells when the bucket was made
  info.settings = settings;
  std::vector<Keyring::Recipient> recipients = {
      RecipientOf({identity.box.public_key, identity.signing.public_key, true})};
  for (const BucketMember& member : others) recipients.push_back(RecipientOf(member));
  Key32 bucket_key;
  core_->to.random.Fill(bucket_key.mutable_span());
  info.keyring = Buffer::FromBytes(MakeKeyring(info.id, bucket_key, recipients).Encode(admin));
  info.keyring_version = 1;
  const Context step = context.Within(core_->options.timeout);
  // Repeating is harmless: the same id and keyring are recognised.
  const auto created = RetryRead(step, [&]() -> Result<bool> {
    PBFS_RETURN_IF_ERROR(core_->to.catalog.buckets.CreateBucket(step, info));
    return true;
  });
  PBFS_RETURN_IF_ERROR(created.status());
  return Open(context, {std::move(info), {}});
}

Result<Bucket> Client::OpenBucket(const Context& context, const std::string& name) {
  const Context step = context.Within(core_->options.timeout);
  PBFS_ASSIGN_OR_RETURN(ShownBucket shown, FindNewest(step, *core_, name));
  return Open(context, std::move(shown));
}

Result<Bucket> Client::Open(const Context& context, ShownBucket shown) {
  PBFS_ASSIGN_OR_RETURN(const ClientIdentity identity, core_->to.keys.Identity());
  PBFS_ASSIGN_OR_RETURN(auto keyring, OpenShownKeyring(core_->to.keys, shown));
  PBFS_ASSIGN_OR_RETURN(const auto map, core_->cluster.Map(context.Within(core_->options.timeout)));
  auto state = std::make_shared<OpenedBucket>(std::move(shown.info), std::move(keyring));
  state->k = state->info.settings.k.value_or(map->default_k);
  state->m = state->info.settings.m.value_or(map->default_m);
  state->signing = identity.signing;
  return Bucket(core_.get(), std::move(state));
}

Result<std::vector<BucketInfo>> Client::ListBuckets(const Context& context) {
  const Context step = context.Within(core_->options.timeout);
  return RetryRead(step, [&] { return core_->to.catalog.buckets.ListBuckets(step); });
}

Status Client::DeleteBucket(const Context& context, const std::string& name) {
  const Context step = context.Within(core_->options.timeout);
  PBFS_ASSIGN_OR_RETURN(const BucketInfo info, core_->to.catalog.buckets.FindBucket(step, name, 0));
  return core_->to.catalog.buckets.DeleteBucket(step, info.id);
}

Result<ClusterMap> Client::DescribeCluster(const Context& context) {
  core_->cluster.Invalidate();
  PBFS_ASSIGN_OR_RETURN(const auto map, core_->cluster.Map(context.Within(core_->options.timeout)));
  return *map;
}

int64_t Client::Wid() const { return core_->wid; }
ClientStats Client::Stats() const { return core_->counters.Snapshot(); }
int64_t Client::PeakMemory() const { return core_->budget.peak(); }

const BucketInfo& Bucket::info() const { return state_->info; }
Versioning Bucket::versioning() const { return state_->versioning(); }

}  // namespace pbfs
