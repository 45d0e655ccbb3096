#include "libs/format/op_record.h"

// What decodes is canonical: it passes the check, and encoding it again gives the same bytes before the MAC.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const pbfs::ByteSpan in(data, size);
  const auto record = pbfs::DecodeRecord(in);
  if (!record.ok()) return 0;
  PBFS_CHECK(pbfs::CheckRecord(*record).ok());
  pbfs::BucketKeys keys;
  keys.bucket = record->bucket;
  keys.epoch = record->key_epoch;
  static const pbfs::SigningKey signing = pbfs::SigningKeyFromSeed(pbfs::Key32());
  const pbfs::Bytes again = pbfs::EncodeRecord(*record, keys, record->is_signed ? &signing : nullptr);
  PBFS_CHECK(again.size() == size);
  const size_t end = pbfs::kRecordMacSize + (record->is_signed ? pbfs::kRecordSignatureSize : 0);
  PBFS_CHECK(pbfs::Equal(pbfs::ByteSpan(again).first(size - end), in.first(size - end)));
  (void)pbfs::VerifyRecordMac(in, keys);
  return 0;
}
