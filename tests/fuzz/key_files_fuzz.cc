#include "libs/base/random.h"
#include "libs/client/file_key_store.h"
#include "tests/fuzz/scratch.h"

// A client's key files: the first byte says which. A file is an identity, a key or a memory of keyrings, or is refused.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const pbfs::ScratchDirectory scratch;
  static pbfs::SeededRandom random(1);
  if (size == 0) return 0;
  const pbfs::BucketId bucket;
  const pbfs::ByteSpan text(data + 1, size - 1);
  pbfs::FileKeyStore::Options options;
  options.directory = scratch.path();
  options.admin_key_file = scratch.path() + "/admin";
  pbfs::FileKeyStore keys(options, random);
  if (data[0] % 3 == 0) {
    scratch.Write("identity", text);
    (void)keys.Identity();
  } else if (data[0] % 3 == 1) {
    scratch.Write("admin", text);
    (void)keys.AdminKey();
  } else {
    scratch.Write("keyring-" + bucket.ToString(), text);
    const auto seen = keys.LastKeyring(bucket);
    if (!seen.ok() || !seen->has_value()) return 0;
    PBFS_CHECK(keys.RememberKeyring(bucket, **seen).ok());
    const auto again = keys.LastKeyring(bucket);
    PBFS_CHECK(again.ok() && again->has_value() && (*again)->version == (*seen)->version &&
               (*again)->hash == (*seen)->hash);
  }
  return 0;
}
