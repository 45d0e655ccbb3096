#pragma once

#include <functional>
#include <string>

#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/catalog/catalog.h"
#include "libs/catalog/tokens.h"
#include "libs/crypto/primitives.h"

namespace pbfs::catalog {

/// Signs tokens for the site (format, section 4): 15 minutes, for the bearer of a certificate. Threads: any.
class TokenIssuer final : public Tokens {
 public:
  struct Options {
    SiteId site;
    /// The site's key, asked for each token: its file may change.
    std::function<SigningKey()> key;
  };
  /// `groups` says the fence epoch. All outlive this.
  TokenIssuer(Groups& groups, const Clock& clock, Random& random, Options options);

  /// Clients get GET, PUT and LIST; REPAIR and DELETE are for the services that keep the site in order: those whose name begins with
  /// garbage-collector, repairer, replicator or operator.
  Result<TokenGrant> IssueToken(const Context& context, const std::string& subject, BucketId bucket,
                                uint16_t verbs) override;

 private:
  Groups& groups_;
  const Clock& clock_;
  Random& random_;
  const Options options_;
};

}  // namespace pbfs::catalog
