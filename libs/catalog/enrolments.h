#pragma once

#include <array>

#include "libs/base/context.h"
#include "libs/base/ids.h"
#include "libs/base/result.h"
#include "libs/crypto/primitives.h"

namespace pbfs {

/// Who a store is: for ever, so it writes that down (docs/formats/volumes.md).
struct EnrolledStore {
  StoreId id;
  Key32 key;  // K_store
};

/// Takes stores into the site: each asks once, when it starts with an empty directory. Threads: any. Blocking, bounded by
/// context.deadline. Implementations: the catalog service, and its gRPC client.
class Enrolments {
 public:
  virtual ~Enrolments() = default;
  /// A number that no store has or had, and its key. The store is in no map before it has a lease, or is put there by hand; who loses the
  /// answer asks again, and a number is lost. `cluster`: whose volumes it is to hold.
  /// Errors: PERMISSION_DENIED the caller is no store; UNAVAILABLE, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED.
  virtual Result<EnrolledStore> EnrolStore(const Context& context, const std::array<uint8_t, 16>& cluster) = 0;
};

}  // namespace pbfs
