#include "libs/format/token.h"

// What decodes, encodes to the same bytes before the signature.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const pbfs::SigningKey site = pbfs::SigningKeyFromSeed(pbfs::Key32());
  const pbfs::ByteSpan in(data, size);
  const auto token = pbfs::Token::Decode(in);
  (void)pbfs::Token::Verify(in, site.public_key);
  if (token.ok()) PBFS_CHECK(pbfs::Equal(pbfs::ByteSpan(token->Encode(site)).first(80), in.first(80)));
  return 0;
}
