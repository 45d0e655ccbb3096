#include "libs/client/client_core.h"

#include <unistd.h>

namespace pbfs {
namespace {

size_t ThreadsFor(int wanted) {
  if (wanted > 0) return static_cast<size_t>(wanted);
  return static_cast<size_t>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
}

int64_t NewWid(Random& random) { return static_cast<int64_t>(random.U64() >> 1) | 1; }

}  // namespace

ClientCore::ClientCore(const ClientOptions& options_in, const ClientDependencies& dependencies)
    : options(options_in),
      world(dependencies),
      wid(NewWid(dependencies.random)),
      hlc(dependencies.clock),
      budget(options_in.memory_bytes),
      cluster(dependencies.catalog.groups, dependencies.random, options_in.store_avoided),
      compute("pbfs-compute", ThreadsFor(options_in.threads), 1024),
      streams("pbfs-streams", static_cast<size_t>(options_in.streams_in_flight), 64) {}

Hlc ClientCore::NextHlc(Hlc above) {
  const Hlc next = hlc.Next();
  // Only where somebody pushed a region ahead of time. A little chance keeps two ops of ours from meeting there.
  return next > above ? next : above + 1 + static_cast<Hlc>(world.random.Below(256));
}

void ClientCore::Observe(Hlc seen, int64_t now_ms) {
  if (now_ms > 0) hlc.ObserveCatalogTime(now_ms);
  if (seen <= HlcFromMillis(hlc.NowMillis() + kMaxHlcDriftMs / 2)) hlc.Observe(seen);
}

Result<TokenBytes> ClientCore::Token(const Context& context, BucketId bucket) {
  if (world.tokens == nullptr) return TokenBytes();
  const MonotonicTime now = MonotonicNow();
  {
    MutexLock lock(tokens_mutex_);
    const auto found = tokens_.find(bucket);
    if (found != tokens_.end() && now < found->second.renew) return found->second.token;
  }
  Result<TokenGrant> grant = Ask(context, [&](const Context& attempt) {
    return world.tokens->IssueToken(attempt, options.subject, bucket, kTokenGet | kTokenPut);
  });
  if (!grant.ok()) return grant.status().Annotate("asking for a token: ");
  const Duration life = std::chrono::milliseconds(std::max<int64_t>(0, grant->not_after_ms - grant->now_ms));
  MutexLock lock(tokens_mutex_);
  tokens_[bucket] = {grant->token, now + life / 2, now + life};
  return grant->token;
}

}  // namespace pbfs
