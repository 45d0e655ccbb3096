// Rotation of a bucket's key beside processes that die and bodies that go.
#include "tests/failures/failure_matrix.h"

namespace pbfs {
namespace {

/// What happens before each call that has to do with the rotation; what it answers ends the call, which then does not happen.
class HookedRotation final : public CatalogDecorator {
 public:
  explicit HookedRotation(const Catalog& inner) : inner_(inner) {}
  std::function<Status()> before_keyring = [] { return OkStatus(); }, before_rewrap = before_keyring;

  Status SetKeyring(const Context& context, BucketId bucket, int64_t expected_version, const Buffer& keyring) override {
    PBFS_RETURN_IF_ERROR(before_keyring());
    return CatalogDecorator::SetKeyring(context, bucket, expected_version, keyring);
  }
  Result<int64_t> Rewrap(const Context& context, const RewrapRequest& request) override {
    PBFS_RETURN_IF_ERROR(before_rewrap());
    return CatalogDecorator::Rewrap(context, request);
  }

 private:
  Status Around(const Context& context, const Call& call) override { return call(context, inner_); }
  const Catalog inner_;
};

RotationOptions InPagesOf(int32_t page, bool fresh_key = true) {
  RotationOptions options;
  options.page = page;
  options.fresh_key = fresh_key;
  return options;
}

/// A status that a call does not survive: the process is gone.
Status Death() { return InternalError("the process died"); }

int64_t WrappedBelow(FailureSite& site, uint32_t epoch) {
  const auto all = site.cluster.catalog().ListWrapped(Context(), {site.bucket->info().id, epoch, {}, kMaxRewraps});
  EXPECT_OK(all);
  return all.ok() ? static_cast<int64_t>(all->size()) : -1;
}

TEST(FailureMatrix, F51_ARotationOfAProcessThatDiesIsFinishedByAnother) {
  for (const int pages : {-1, 0, 1, 2}) {  // that are wrapped before it dies; -1: not even the keyring is there
    SCOPED_TRACE(pages);
    FailureSite site;
    std::vector<std::pair<ObjectId, Bytes>> objects;
    for (const size_t size : {size_t{100}, size_t{20'000}, FailureSite::kSize, size_t{50}}) {
      const Bytes content = site.Data(size);
      objects.emplace_back(site.Put("x" + std::to_string(size), content), content);
    }
    const auto expect_all = [&] {
      for (const auto& [object, content] : objects) site.ExpectContent(object, content);
    };
    HookedRotation catalog(site.cluster.catalog().ports());
    if (pages < 0) catalog.before_keyring = Death;
    catalog.before_rewrap = [&, left = pages]() mutable { return left-- > 0 ? OkStatus() : Death(); };
    const auto dying = site.NewClient(catalog.ports());
    EXPECT_CODE(FailureSite::Open(*dying).RotateKey(Context(), InPagesOf(1)), kInternal);
    expect_all();  // by who opened the bucket before
    EXPECT_EQ(WrappedBelow(site, 2), 4 - std::max(pages, 0));

    const auto next = site.cluster.NewClient();
    site.bucket.emplace(FailureSite::Open(*next));
    expect_all();
    ASSERT_OK_AND_ASSIGN(const RotationReport rest, site.bucket->RotateKey(Context(), InPagesOf(1, pages < 0)));
    EXPECT_EQ(rest.epoch, 2u);
    EXPECT_EQ(rest.rewrapped, 4 - std::max(pages, 0));
    EXPECT_EQ(WrappedBelow(site, 2), 0);
    expect_all();
  }
}

TEST(FailureMatrix, F52_ABodyThatIsPurgedWhileItsKeyIsWrappedAnewIsPassedOver) {
  FailureSite site;
  const Bytes old = site.Data(), fresh = site.Data(), inlined = site.Data(200);
  const ObjectId object = site.Put("x", old), other = site.Put("y", inlined), third = site.Put("z", inlined);
  HookedRotation catalog(site.cluster.catalog().ports());
  catalog.before_rewrap = [&]() -> Status {
    PBFS_RETURN_IF_ERROR(site.bucket->Write(Context(), object, 0, ByteSpan(fresh)).status());
    PBFS_RETURN_IF_ERROR(site.bucket->Write(Context(), other, 0, ByteSpan(Bytes(200, 9))).status());
    site.Jump(std::chrono::hours(1));
    EXPECT_EQ(site.Collect(), 1) << "a body with fragments, and one without";
    return OkStatus();
  };
  const auto rotating = site.NewClient(catalog.ports());
  ASSERT_OK_AND_ASSIGN(const RotationReport report, FailureSite::Open(*rotating).RotateKey(Context()));
  EXPECT_EQ(report.rewrapped, 1);
  EXPECT_EQ(report.passed_over, 2);
  EXPECT_EQ(WrappedBelow(site, 2), 2) << "what was written meanwhile";
  EXPECT_EQ(site.Fragments(), 6) << "of the body that is left";
  site.ExpectContent(object, fresh);
  site.ExpectContent(other, Bytes(200, 9));
  site.ExpectContent(third, inlined);
}

TEST(FailureMatrix, F52_OfTwoThatWrapAnewAtOnceTheSecondPassesOver) {
  FailureSite site;
  const Bytes content = site.Data();
  const ObjectId object = site.Put("x", content);
  HookedRotation catalog(site.cluster.catalog().ports());
  catalog.before_rewrap = [&] { return site.bucket->RotateKey(Context(), InPagesOf(10, false)).status(); };
  const auto rotating = site.NewClient(catalog.ports());
  ASSERT_OK_AND_ASSIGN(const RotationReport report, FailureSite::Open(*rotating).RotateKey(Context()));
  EXPECT_EQ(report.rewrapped, 0);
  EXPECT_EQ(report.passed_over, 1);
  EXPECT_EQ(WrappedBelow(site, 2), 0);
  site.ExpectContent(object, content);
}

}  // namespace
}  // namespace pbfs
