#pragma once

#include <string>
#include <vector>

#include "services/operator/json.h"

/// Why pods do not run, in words for whoever looks at their cluster's conditions. Pure. Threads: any.
namespace pbfs::operators {

/// What keeps `pod` from running, as the scheduler or its kubelet says: "demo-gateway-0: ImagePullBackOff: …". Empty: nothing does, or it
/// has not been tried yet.
std::string TroubleOfPod(const Json& pod);

/// "the claim data-demo-fs-main-0 waits for a volume of the StorageClass fast". Empty: it has one.
std::string TroubleOfClaim(const Json& claim);

/// The ResourceQuotas of a namespace that allow no more of something: "the quota tight is used up (pods 2 of 2)". Empty: none.
std::vector<std::string> QuotasUsedUp(const std::vector<Json>& quotas);

}  // namespace pbfs::operators
