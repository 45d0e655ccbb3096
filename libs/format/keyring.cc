#include "libs/format/keyring.h"

#include <algorithm>

namespace pbfs {
namespace {

constexpr std::string_view kMagic = "PBK1";
constexpr size_t kSignatureSize = 64;

Bytes OldKeyAssociated(const BucketId& bucket, uint32_t epoch) {
  Bytes out;
  ByteWriter writer(out);
  writer.Text("PBV1");
  writer.Raw(bucket.span());
  writer.U32(epoch);
  return out;
}

template <size_t N>
std::array<uint8_t, N> ToArray(const Bytes& bytes) {
  PBFS_CHECK(bytes.size() == N);
  std::array<uint8_t, N> out;
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

void SealTo(std::vector<Keyring::Recipient>& recipients, const Key32& bucket_key) {
  for (Keyring::Recipient& recipient : recipients) {
    recipient.sealed_key = ToArray<80>(SealBox(recipient.box, bucket_key.span()));
  }
}

Result<Key32> ToKey(Bytes bytes) {
  if (bytes.size() != Key32::kSize) return DataLossError("keyring: a key has another length");
  Key32 key = Key32::FromBytes(bytes);
  WipeMemory(bytes.data(), bytes.size());
  return key;
}

}  // namespace

Bytes Keyring::Encode(const SigningKey& admin) const {
  Bytes out;
  ByteWriter writer(out);
  writer.Text(kMagic);
  writer.Raw(bucket.span());
  writer.U64(static_cast<uint64_t>(version));
  writer.Raw(previous_hash);
  writer.U32(epoch);
  writer.U16(static_cast<uint16_t>(recipients.size()));
  for (const Recipient& recipient : recipients) {
    writer.Raw(recipient.box);
    writer.Raw(recipient.signing);
    writer.U8(static_cast<uint8_t>(recipient.role));
    writer.Raw(recipient.sealed_key);
  }
  writer.Raw(key_commit);
  writer.U16(static_cast<uint16_t>(old_keys.size()));
  for (const OldKey& old : old_keys) {
    writer.U32(old.epoch);
    writer.Raw(old.wrapped);
  }
  writer.Raw(Sign(admin, out));
  return out;
}

Result<Keyring> Keyring::Decode(ByteSpan bytes, const PublicKey& admin) {
  if (bytes.size() < kSignatureSize) return InvalidArgumentError("keyring: cut short");
  const ByteSpan body = bytes.first(bytes.size() - kSignatureSize);
  if (!VerifySignature(admin, body, bytes.subspan(body.size()))) {
    return PermissionDeniedError("keyring: not signed by the pinned administrator key");
  }
  ByteReader reader(body);
  if (AsText(reader.Raw(4)) != kMagic) return InvalidArgumentError("keyring: wrong magic");
  Keyring keyring;
  keyring.bucket.bytes = reader.Array<16>();
  keyring.version = static_cast<int64_t>(reader.U64());
  keyring.previous_hash = reader.Array<32>();
  keyring.epoch = reader.U32();
  const uint16_t recipients = reader.U16();
  for (uint16_t i = 0; i < recipients && reader.ok(); ++i) {
    Recipient recipient;
    recipient.box = reader.Array<32>();
    recipient.signing = reader.Array<32>();
    const uint8_t role = reader.U8();
    if (reader.ok() && role != 1 && role != 2) return InvalidArgumentError("keyring: unknown role");
    recipient.role = static_cast<KeyringRole>(role);
    recipient.sealed_key = reader.Array<80>();
    keyring.recipients.push_back(recipient);
  }
  keyring.key_commit = reader.Array<32>();
  const uint16_t old_keys = reader.U16();
  for (uint16_t i = 0; i < old_keys && reader.ok(); ++i) {
    OldKey old;
    old.epoch = reader.U32();
    old.wrapped = reader.Array<72>();
    keyring.old_keys.push_back(old);
  }
  if (!reader.Done()) return InvalidArgumentError("keyring: malformed");
  return keyring;
}

Keyring MakeKeyring(const BucketId& bucket, const Key32& bucket_key,
                    const std::vector<Keyring::Recipient>& recipients) {
  Keyring keyring;
  keyring.bucket = bucket;
  keyring.recipients = recipients;
  keyring.key_commit = BucketKeyCommit(bucket, bucket_key);
  SealTo(keyring.recipients, bucket_key);
  return keyring;
}

Keyring RotateKeyring(const Keyring& now, ByteSpan now_bytes, const std::vector<std::pair<uint32_t, Key32>>& keys,
                      const Key32& fresh_key, const std::vector<Keyring::Recipient>& recipients, Random& random) {
  Keyring next = MakeKeyring(now.bucket, fresh_key, recipients);
  next.version = now.version + 1;
  next.previous_hash = Sha256(now_bytes);
  next.epoch = now.epoch + 1;
  const BucketKeys fresh = BucketKeys::Derive(now.bucket, next.epoch, fresh_key);
  for (const auto& [epoch, key] : keys) {
    std::array<uint8_t, kWrapNonceSize> nonce;
    random.Fill(nonce);
    next.old_keys.push_back(
        {epoch, ToArray<72>(Wrap(fresh.kek, nonce, OldKeyAssociated(now.bucket, epoch), key.span()))});
  }
  return next;
}

Result<std::vector<std::pair<uint32_t, Key32>>> OpenKeyring(const Keyring& keyring, const BoxKey& recipient) {
  const auto mine = std::find_if(keyring.recipients.begin(), keyring.recipients.end(),
                                 [&](const Keyring::Recipient& r) { return r.box == recipient.public_key; });
  if (mine == keyring.recipients.end()) return PermissionDeniedError("keyring: this key is not among its recipients");
  PBFS_ASSIGN_OR_RETURN(Bytes opened, OpenBox(recipient, mine->sealed_key));
  PBFS_ASSIGN_OR_RETURN(const Key32 newest, ToKey(std::move(opened)));
  if (!ConstantTimeEqual(BucketKeyCommit(keyring.bucket, newest), keyring.key_commit)) {
    return DataLossError("keyring: the sealed key does not fit its commitment");
  }
  std::vector<std::pair<uint32_t, Key32>> keys = {{keyring.epoch, newest}};
  const BucketKeys fresh = BucketKeys::Derive(keyring.bucket, keyring.epoch, newest);
  for (const Keyring::OldKey& old : keyring.old_keys) {
    PBFS_ASSIGN_OR_RETURN(Bytes raw, Unwrap(fresh.kek, OldKeyAssociated(keyring.bucket, old.epoch), old.wrapped));
    PBFS_ASSIGN_OR_RETURN(const Key32 key, ToKey(std::move(raw)));
    keys.emplace_back(old.epoch, key);
  }
  return keys;
}

}  // namespace pbfs
