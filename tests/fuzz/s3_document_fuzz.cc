#include "libs/base/check.h"
#include "libs/s3/configurations.h"
#include "libs/s3/cors.h"
#include "libs/s3/documents.h"
#include "libs/s3/lifecycle.h"
#include "libs/s3/lock.h"
#include "libs/s3/policy.h"

// Whatever a document says is read or refused; what is read is the same after another turn.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pbfs::s3;
  const std::string_view text = pbfs::AsText({data, size});
  if (const auto request = ParseDelete(text); request.ok()) {
    PBFS_CHECK(!request->objects.empty() && request->objects.size() <= kMaxDeletedKeys);
  }
  if (const auto parts = ParseComplete(text); parts.ok()) {
    PBFS_CHECK(!parts->empty() && parts->size() <= static_cast<size_t>(kMaxParts));
  }
  if (const auto tags = ParseTags(text); tags.ok()) PBFS_CHECK(*ParseTags(TagsXml(*tags)) == *tags);
  if (const auto rules = ParseCors(text); rules.ok()) PBFS_CHECK(*ParseCors(CorsXml(*rules)) == *rules);
  if (const auto rules = ParseLifecycle(text); rules.ok()) PBFS_CHECK(*ParseLifecycle(LifecycleXml(*rules)) == *rules);
  if (const auto lock = ParseLockConfiguration(text); lock.ok())
    PBFS_CHECK(*ParseLockConfiguration(LockConfigurationXml(*lock)) == *lock);
  if (const auto retention = ParseRetention(text); retention.ok() && retention->has_value())
    PBFS_CHECK(*ParseRetention(RetentionXml(**retention)) == *retention);
  if (const auto hold = ParseLegalHold(text); hold.ok()) PBFS_CHECK(*ParseLegalHold(LegalHoldXml(*hold)) == *hold);
  if (const auto block = ParsePublicAccessBlock(text); block.ok())
    PBFS_CHECK(*ParsePublicAccessBlock(PublicAccessBlockXml(*block)) == *block);
  if (const auto encryption = ParseBucketEncryption(text); encryption.ok())
    PBFS_CHECK(*ParseBucketEncryption(BucketEncryptionXml(*encryption)) == *encryption);
  (void)CheckOwnershipControls(text);
  (void)ParseCreateBucket(text);
  (void)ParseVersioning(text);
  if (const auto policy = Policy::ParseBucket(text, "b"); policy.ok()) {
    (void)policy->Evaluate(
        {"anna", "s3:GetObject", "arn:aws:s3:::b/k", {{"aws:sourceip", "10.0.0.1"}, {"s3:max-keys", "10"}}});
    (void)policy->IsPublic();
  }
  return 0;
}
