#pragma once

#include "libs/catalog/rules.h"
#include "libs/catalog/testing/catalog_fixture.h"
#include "libs/model/limits.h"

/// What every implementation of Uploads keeps (catalog.h), and the rules of a Commit that completes an upload.
namespace pbfs {

template <typename Fixture>
class UploadsContract : public CatalogContract<Fixture> {
 protected:
  Uploads& uploads() { return this->ports_.uploads; }
  UploadInfo MakeUpload(TestClient& client, const std::string& name) {
    const UploadInfo upload{UploadId::New(client.hlc().NowMillis(), client.random()), client.bucket(), name,
                            Buffer::CopyOf(AsBytes("sealed " + name))};
    EXPECT_OK(uploads().CreateUpload(TestContext(), upload));
    return upload;
  }
  /// A sealed object without a name.
  ObjectId MakeSealed(TestClient& client, size_t size = 100) {
    const ObjectId object = client.NewObject();
    EXPECT_EQ(this->SendCode(TestCommit(client).Creates(object).Write(object, 0, Bytes(size, 1)).Seal(object)),
              CommitCode::kOk);
    return object;
  }
  static UploadPart Part(int32_t number, ObjectId object, int64_t size = 100) {
    return {number, object, size, Buffer::CopyOf(AsBytes("part " + std::to_string(number)))};
  }
  Status SetPart(const UploadInfo& upload, const UploadPart& part) {
    return uploads().SetPart(TestContext(), upload.bucket, upload.id, part);
  }
  /// "number:object " of each part.
  std::string Parts(const UploadInfo& upload, int32_t after = 0, int32_t limit = 1000) {
    const auto page = uploads().ListParts(TestContext(), {upload.bucket, upload.id, after, limit});
    if (!page.ok()) return page.status().ToString();
    std::string text;
    for (const UploadPart& part : page->parts) {
      EXPECT_EQ(AsText(part.metadata), "part " + std::to_string(part.number));
      EXPECT_EQ(part.size, 100);
      text += std::to_string(part.number) + ":" + part.object.ToString() + " ";
    }
    return text + (page->more ? "..." : "");
  }
  std::vector<UploadId> Listed(const ListUploadsRequest& request, bool more = false) {
    const auto page = uploads().ListUploads(TestContext(), request);
    EXPECT_OK(page);
    std::vector<UploadId> ids;
    if (!page.ok()) return ids;
    EXPECT_EQ(page->more, more);
    for (const UploadInfo& upload : page->uploads) ids.push_back(upload.id);
    return ids;
  }
  bool IsThere(const UploadInfo& upload) { return uploads().FindUpload(TestContext(), upload.bucket, upload.id).ok(); }
  /// A Commit that makes `object` of whole parts of 100 bytes, binds it, and completes the upload.
  TestCommit Complete(TestClient& client, const UploadInfo& upload, ObjectId object,
                      const std::vector<ObjectId>& parts) {
    TestCommit commit(client);
    std::vector<Extent> extents;
    for (const ObjectId& part : parts) {
      const auto at = static_cast<int64_t>(100 * extents.size());
      extents.push_back({at, at + 100, {}, Source::Of(part), 0, {}});
    }
    commit.Creates(object).Clone(object, extents).Bind(upload.name, object);
    commit.request().complete_upload = upload.id;
    return commit;
  }
};
TYPED_TEST_SUITE_P(UploadsContract);

TYPED_TEST_P(UploadsContract, AnUploadIsFoundUntilItIsAborted) {
  TestClient client = this->MakeClient();
  const UploadInfo upload = this->MakeUpload(client, "a");
  EXPECT_OK(this->uploads().CreateUpload(TestContext(), upload)) << "a repeat";
  ASSERT_OK_AND_ASSIGN(const UploadInfo found, this->uploads().FindUpload(TestContext(), this->bucket_, upload.id));
  EXPECT_TRUE(IsSame(found, upload));
  const BucketId other = this->MakeBucket({});
  EXPECT_CODE(this->uploads().FindUpload(TestContext(), other, upload.id), kNotFound);
  EXPECT_CODE(this->uploads().AbortUpload(TestContext(), other, upload.id), kNotFound);
  EXPECT_OK(this->uploads().AbortUpload(TestContext(), this->bucket_, upload.id));
  EXPECT_CODE(this->uploads().FindUpload(TestContext(), this->bucket_, upload.id), kNotFound);
  EXPECT_CODE(this->uploads().AbortUpload(TestContext(), this->bucket_, upload.id), kNotFound);
}

TYPED_TEST_P(UploadsContract, AnIdIsOneUploads) {
  TestClient client = this->MakeClient();
  UploadInfo upload = this->MakeUpload(client, "a");
  upload.name = "b";
  EXPECT_CODE(this->uploads().CreateUpload(TestContext(), upload), kAlreadyExists);
  upload.name = "a", upload.bucket = this->MakeBucket({});
  EXPECT_CODE(this->uploads().CreateUpload(TestContext(), upload), kAlreadyExists);
  upload.bucket = BucketId::NewRandom(client.random());
  EXPECT_CODE(this->uploads().CreateUpload(TestContext(), upload), kNotFound);
}

TYPED_TEST_P(UploadsContract, BadUploadsAndPartsAreInvalid) {
  TestClient client = this->MakeClient();
  UploadInfo upload = this->MakeUpload(client, "a");
  const ObjectId object = this->MakeSealed(client);
  for (const int32_t number : {0, -1, kMaxPartNumber + 1})
    EXPECT_CODE(this->SetPart(upload, this->Part(number, object)), kInvalidArgument);
  EXPECT_CODE(this->SetPart(upload, this->Part(1, object, -1)), kInvalidArgument);
  UploadPart large = this->Part(1, object);
  large.metadata = Buffer::FromBytes(Bytes(kMaxPartMetadataSize + 1, 1));
  EXPECT_CODE(this->SetPart(upload, large), kInvalidArgument);
  EXPECT_CODE(this->uploads().ListParts(TestContext(), {this->bucket_, upload.id, 0, 0}), kInvalidArgument);
  EXPECT_CODE(this->uploads().ListUploads(TestContext(), {this->bucket_, "", "", {}, 0}), kInvalidArgument);
  upload.id = UploadId::New(1, client.random());
  upload.name = "";
  EXPECT_CODE(this->uploads().CreateUpload(TestContext(), upload), kInvalidArgument);
}

TYPED_TEST_P(UploadsContract, APartIsASealedObjectThatWasNeverBound) {
  TestClient client = this->MakeClient();
  const UploadInfo upload = this->MakeUpload(client, "a");
  const ObjectId open = this->MakeObject(client), bound = this->MakeSealed(client);
  ASSERT_EQ(this->SendCode(TestCommit(client).Bind("n", bound)), CommitCode::kOk);
  for (const ObjectId& object : {open, bound, client.NewObject()})
    EXPECT_CODE(this->SetPart(upload, this->Part(1, object)), kFailedPrecondition);
  TestClient elsewhere = this->MakeClient(this->MakeBucket({}));
  EXPECT_CODE(this->SetPart(upload, this->Part(1, this->MakeSealed(elsewhere))), kFailedPrecondition);
  EXPECT_EQ(this->Parts(upload), "");
  ASSERT_OK(this->uploads().AbortUpload(TestContext(), this->bucket_, upload.id));
  EXPECT_CODE(this->SetPart(upload, this->Part(1, this->MakeSealed(client))), kNotFound);
}

TYPED_TEST_P(UploadsContract, PartsAreReplacedByNumberAndListedInPages) {
  TestClient client = this->MakeClient();
  const UploadInfo upload = this->MakeUpload(client, "a");
  std::map<int32_t, std::string> expected;
  for (const int32_t number : {10'000, 2, 1, 7, 2}) {
    const ObjectId object = this->MakeSealed(client);
    for (int i = 0; i < 2; ++i) ASSERT_OK(this->SetPart(upload, this->Part(number, object)));
    expected[number] = std::to_string(number) + ":" + object.ToString() + " ";
  }
  EXPECT_EQ(this->Parts(upload), expected[1] + expected[2] + expected[7] + expected[10'000]);
  EXPECT_EQ(this->Parts(upload, 1, 2), expected[2] + expected[7] + "...");
  EXPECT_EQ(this->Parts(upload, 7, 1), expected[10'000]);
  EXPECT_CODE(this->uploads().ListParts(TestContext(), {this->bucket_, UploadId::New(1, client.random()), 0, 1}),
              kNotFound);
}

TYPED_TEST_P(UploadsContract, UploadsAreListedByNameAndAge) {
  TestClient client = this->MakeClient();
  std::vector<UploadId> ids;
  for (const char* name : {"d/b", "d/a", "d/a", "e", "\xc3\xa9"}) ids.push_back(this->MakeUpload(client, name).id);
  if (ids[2] < ids[1]) std::swap(ids[1], ids[2]);
  using Ids = std::vector<UploadId>;
  const BucketId bucket = this->bucket_;
  EXPECT_EQ(this->Listed({bucket, "", "", {}, 10}), (Ids{ids[1], ids[2], ids[0], ids[3], ids[4]}));
  EXPECT_EQ(this->Listed({bucket, "d/", "", {}, 2}, true), (Ids{ids[1], ids[2]}));
  EXPECT_EQ(this->Listed({bucket, "d/", "d/a", {}, 2}), (Ids{ids[0]}));
  EXPECT_EQ(this->Listed({bucket, "d/", "d/a", ids[1], 2}), (Ids{ids[2], ids[0]}));
  EXPECT_EQ(this->Listed({bucket, "d/", "d/a", ids[2], 2}), (Ids{ids[0]}));
  EXPECT_EQ(this->Listed({bucket, "x", "", {}, 2}), (Ids{}));
  EXPECT_EQ(this->Listed({this->MakeBucket({}), "", "", {}, 2}), (Ids{}));
}

TYPED_TEST_P(UploadsContract, ACompleteIsOneCommitAndTheLast) {
  TestClient client = this->MakeClient();
  const UploadInfo upload = this->MakeUpload(client, "a");
  const ObjectId one = this->MakeSealed(client), two = this->MakeSealed(client), whole = client.NewObject();
  ASSERT_OK(this->SetPart(upload, this->Part(1, one)));
  ASSERT_OK(this->SetPart(upload, this->Part(2, two)));
  const TestCommit complete = this->Complete(client, upload, whole, {one, two});
  EXPECT_EQ(this->SendCode(complete), CommitCode::kOk);
  EXPECT_EQ(this->Stat(whole).size, 200);
  EXPECT_EQ(this->Stat(whole).bindings, 1);
  EXPECT_FALSE(this->IsThere(upload));
  EXPECT_EQ(this->SendCode(complete), CommitCode::kReplay);
  const ObjectId again = client.NewObject();
  EXPECT_EQ(this->SendCode(this->Complete(client, upload, again, {one, two})), CommitCode::kObjectGone);
  EXPECT_CODE(this->ports_.lists.Stat(TestContext(), {this->bucket_, again}), kNotFound);
  EXPECT_CODE(this->SetPart(upload, this->Part(3, one)), kNotFound);
}

TYPED_TEST_P(UploadsContract, ARefusedCompleteLeavesTheUpload) {
  TestClient client = this->MakeClient();
  const UploadInfo upload = this->MakeUpload(client, "a");
  const ObjectId part = this->MakeSealed(client);
  ASSERT_OK(this->SetPart(upload, this->Part(1, part)));
  TestCommit conditional = this->Complete(client, upload, client.NewObject(), {part});
  conditional.IfName(part);
  EXPECT_EQ(this->SendCode(conditional), CommitCode::kPrecondition);
  EXPECT_EQ(this->SendCode(this->Complete(client, upload, client.NewObject(), {client.NewObject()})),
            CommitCode::kSourceGone);
  UploadInfo other = upload;
  other.name = "b";
  EXPECT_EQ(this->SendCode(this->Complete(client, other, client.NewObject(), {part})), CommitCode::kObjectGone)
      << "another name than the upload's";
  EXPECT_TRUE(this->IsThere(upload));
  EXPECT_EQ(this->SendCode(this->Complete(client, upload, client.NewObject(), {part})), CommitCode::kOk);
}

TYPED_TEST_P(UploadsContract, ACompleteBinds) {
  TestClient client = this->MakeClient();
  const UploadInfo upload = this->MakeUpload(client, "a");
  const ObjectId object = client.NewObject();
  TestCommit commit(client);
  commit.Creates(object).Write(object, 0, Bytes(1, 1));
  commit.request().complete_upload = upload.id;
  EXPECT_CODE(this->ports_.commits.Commit(TestContext(), commit.request()), kInvalidArgument);
}

TYPED_TEST_P(UploadsContract, ABucketTakesItsUploadsWithIt) {
  TestClient client = this->MakeClient();
  const UploadInfo upload = this->MakeUpload(client, "a");
  ASSERT_OK(this->SetPart(upload, this->Part(1, this->MakeSealed(client))));
  ASSERT_OK(this->ports_.buckets.DeleteBucket(TestContext(), this->bucket_));
  EXPECT_FALSE(this->IsThere(upload));
}

REGISTER_TYPED_TEST_SUITE_P(UploadsContract, AnUploadIsFoundUntilItIsAborted, AnIdIsOneUploads,
                            BadUploadsAndPartsAreInvalid, APartIsASealedObjectThatWasNeverBound,
                            PartsAreReplacedByNumberAndListedInPages, UploadsAreListedByNameAndAge,
                            ACompleteIsOneCommitAndTheLast, ARefusedCompleteLeavesTheUpload, ACompleteBinds,
                            ABucketTakesItsUploadsWithIt);

}  // namespace pbfs
