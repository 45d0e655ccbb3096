#include "libs/format/keyring.h"

// Behind a good signature (an administrator may err, too) what decodes, encodes to the same bytes, and opens or not.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const pbfs::SigningKey admin = pbfs::SigningKeyFromSeed(pbfs::Key32());
  static const pbfs::BoxKey box = pbfs::BoxKeyFromSeed(pbfs::Key32());
  pbfs::Bytes in(data, data + size);
  const pbfs::Signature signature = pbfs::Sign(admin, in);
  in.insert(in.end(), signature.begin(), signature.end());
  const auto keyring = pbfs::Keyring::Decode(in, admin.public_key);
  if (!keyring.ok()) return 0;
  PBFS_CHECK(pbfs::Equal(keyring->Encode(admin), in));
  (void)pbfs::OpenKeyring(*keyring, box);
  return 0;
}
