#pragma once

#include "libs/catalog/parsed_commit.h"
#include "libs/format/keys.h"

namespace pbfs {

/// Verifies by K_store, derived for each store from the site's secret.
ReceiptVerifier VerifyWithSiteSecret(Key32 site_secret, SiteId site);

/// Reads and checks the receipts of one encoding (I17): right encoding id, shards below n, no shard and no store twice, at
/// least RequiredReceipts() of them, MACs valid. Errors: INVALID_ARGUMENT.
Result<std::vector<ParsedBody::Held>> ReadReceipts(const BodyUpload& upload, const ParseRules& rules);

}  // namespace pbfs
