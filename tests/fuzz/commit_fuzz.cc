#include "libs/adapters/grpc/catalog_codec.h"
#include "libs/catalog/memory_catalog.h"

namespace {

constexpr int64_t kMillis = 1760000000000;  // when the seeds were made

}  // namespace

// A Commit of a hostile client through parser and rules: it is refused or it happens, and then it is a replay.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const pbfs::ManualClock clock(kMillis * 1000);
  pbfs::v1::CommitRequest message;
  if (!message.ParseFromArray(data, static_cast<int>(size))) return 0;
  const auto request = pbfs::wire::Decode(&message);
  if (!request.ok()) return 0;
  pbfs::MemoryCatalog catalog(clock);
  pbfs::BucketInfo bucket;
  bucket.id = request->bucket;
  bucket.settings.name = "bucket";
  bucket.settings.history_ms = 1000;
  bucket.settings.versioning = static_cast<pbfs::Versioning>(size % 3);
  if (!catalog.CreateBucket(pbfs::Context(), bucket).ok()) return 0;
  const auto first = catalog.Commit(pbfs::Context(), *request);
  const auto second = catalog.Commit(pbfs::Context(), *request);
  PBFS_CHECK(first.ok() == second.ok());
  if (first.ok() && first->code == pbfs::CommitCode::kOk) PBFS_CHECK(second->code == pbfs::CommitCode::kReplay);
  return 0;
}
