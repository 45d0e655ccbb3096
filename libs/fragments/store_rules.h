#pragma once

#include <map>
#include <optional>
#include <string>

#include "libs/base/clock.h"
#include "libs/base/sync.h"
#include "libs/format/token.h"
#include "libs/fragments/fragment_store.h"

namespace pbfs {

/// Who a store is, and what it checks with.
struct StoreIdentity {
  StoreId store;
  SiteId site;
  /// K_store, with which receipts are MACed (format, section 4).
  Key32 receipt_key;
  /// The site's Ed25519 key, with which tokens are signed. None: the store runs without tokens (tests only).
  std::optional<PublicKey> token_key;
};

/// What a caller wants to do, as bits of a token (format, section 4).
enum class StoreVerb : uint16_t { kGet = 1, kPut = 2, kRepair = 4, kDelete = 8, kList = 16 };

/// The rules every fragment store follows, whatever keeps its bytes: tokens, the time fence, limits, receipts. Shared by
/// the twin and the service, so that both refuse alike.
///
/// A token is good from not_before (less the skew B) to not_after by the store's clock, at most 15 min long, of this site, and
/// not of an older fence epoch than the greatest seen. A store cannot tell of which bucket a fragment is, so what reaches
/// beyond one's own ids (REPAIR, DELETE, LIST) needs a token for any bucket. Threads: any.
class StoreRules {
 public:
  /// `clock` is the store's own wall clock and must outlive this.
  StoreRules(const StoreIdentity& identity, const Clock& clock) : identity_(identity), clock_(clock) {}

  /// Whether this put may begin. A PUT token is held to the fence: now - L <= birth <= now + B by the store's clock; one
  /// with REPAIR is not (format, sections 9.1 and 10).
  /// Errors: UNAUTHENTICATED no token, not of this site, expired, tampered with; PERMISSION_DENIED a verb or reach it does not have;
  /// INVALID_ARGUMENT key or length; FAILED_PRECONDITION with detail pbfs-code FENCE_AGE or FENCE_FUTURE.
  Status CheckPut(const PutRequest& request);
  /// Errors: as above; INVALID_ARGUMENT too many ranges or bytes.
  Status CheckRead(const ReadRequest& request);
  Status CheckDelete(const TokenBytes& token);
  Status CheckDrop(const TokenBytes& token);
  Status CheckList(const ListFragmentsRequest& request);

  ReceiptBytes MakeReceipt(const FragmentInfo& info) const;
  int64_t NowMillis() const { return clock_.NowMillis(); }
  const StoreIdentity& identity() const { return identity_; }

 private:
  Status CheckFence(const EncodingId& encoding) const;
  /// The verbs that a good token gives here; PUT, GET, DELETE and LIST where no tokens are used.
  Result<uint16_t> Verbs(const TokenBytes& bytes);
  Status Require(const TokenBytes& token, StoreVerb verb);
  /// Decoded and signed by the site. Remembers, because a signature costs 70 µs and one token serves for minutes.
  Result<Token> Verified(const TokenBytes& bytes);
  Status CheckTime(const Token& token) const;
  Status CheckEpoch(const Token& token);

  const StoreIdentity identity_;
  const Clock& clock_;
  Mutex mutex_;
  std::map<std::string, Token> verified_ PBFS_GUARDED_BY(mutex_);  // bounded; by all bytes of the token
  int64_t greatest_epoch_ PBFS_GUARDED_BY(mutex_) = 0;
};

/// Answer to a put of a key that is there: OK for the same sum (puts may be repeated), else ALREADY_EXISTS with detail
/// pbfs-code CONFLICT (format, section 2: write-once).
Status CheckWriteOnce(const FragmentInfo& existing, uint32_t sum);

/// RESOURCE_EXHAUSTED with detail pbfs-code STORE_FULL.
Status StoreFullError();
/// FAILED_PRECONDITION: the fragment was deleted; its id is never used again (format, section 10).
Status DeletedError(const FragmentKey& key);

}  // namespace pbfs
