#pragma once

#include "libs/base/result.h"
#include "libs/catalog/types.h"
#include "libs/coordination/leases.h"

/// The lease by which a fragment store says that it is there, and by which catalogs learn of it: key "stores/<id>", value
/// {"address": "host:port", "domain": "host-7", "weight": 1, "start": "...", "startBefore": "..."}. Fields that a reader does not
/// know are ignored; all but the first two may be left out.
namespace pbfs {

LeaseInfo EncodeStoreLease(const StoreInfo& store, std::string holder);

/// The store as its lease says, state UP. What decodes is a store that Groups::PutStore takes: a bad lease is one store's
/// trouble, not membership's. Errors: INVALID_ARGUMENT saying what is wrong.
Result<StoreInfo> DecodeStoreLease(const LeaseInfo& lease);

}  // namespace pbfs
