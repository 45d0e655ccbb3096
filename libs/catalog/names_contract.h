#pragma once

#include "libs/catalog/testing/catalog_fixture.h"

/// What every implementation of Names keeps (catalog.h), and the rules of BIND, UNBIND and DROP.
namespace pbfs {

template <typename Fixture>
class NamesContract : public CatalogContract<Fixture> {
 protected:
  Result<NameEntry> Resolve(const std::string& name, std::optional<Hlc> as_of = {}) {
    return this->ports_.names.Resolve(TestContext(), {this->bucket_, name, as_of, 0});
  }
  std::optional<ObjectId> ObjectOf(const std::string& name) {
    const Result<NameEntry> entry = Resolve(name);
    return entry.ok() ? entry->object : std::nullopt;
  }
};
TYPED_TEST_SUITE_P(NamesContract);

TYPED_TEST_P(NamesContract, BindShowsTheObjectAndItsRecord) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client);
  EXPECT_CODE(this->Resolve("a"), kNotFound);
  TestCommit bind(client);
  EXPECT_EQ(this->SendCode(bind.Bind("a", object, Bytes(40, 1))), CommitCode::kOk);
  ASSERT_OK_AND_ASSIGN(const NameEntry entry, this->Resolve("a"));
  EXPECT_EQ(entry.object, object);
  EXPECT_EQ(entry.order, bind.last_order());
  EXPECT_EQ(ToBytes(entry.record), ToBytes(bind.request().records[0]));
  EXPECT_EQ(this->Stat(object).bindings, 1);
  EXPECT_EQ(this->SendCode(bind), CommitCode::kReplay);
}

TYPED_TEST_P(NamesContract, BindMayCreateAnEmptyObject) {
  TestClient client = this->MakeClient();
  const ObjectId object = client.NewObject();
  EXPECT_EQ(this->SendCode(TestCommit(client).Bind("a", object)), CommitCode::kObjectGone);
  EXPECT_EQ(this->SendCode(TestCommit(client).Creates(object).Bind("a", object)), CommitCode::kOk);
  EXPECT_EQ(this->Stat(object).size, 0);
}

TYPED_TEST_P(NamesContract, UnboundObjectTakesNoMoreWrites) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client);
  ASSERT_EQ(this->SendCode(TestCommit(client).Bind("a", object)), CommitCode::kOk);
  ASSERT_EQ(this->SendCode(TestCommit(client).Write(object, 0, Bytes(1, 1))), CommitCode::kOk);
  ASSERT_EQ(this->SendCode(TestCommit(client).Unbind("a", object)), CommitCode::kOk);
  EXPECT_CODE(this->Resolve("a"), kNotFound);
  EXPECT_EQ(this->SendCode(TestCommit(client).Write(object, 0, Bytes(1, 2))), CommitCode::kObjectGone);
}

TYPED_TEST_P(NamesContract, OverwriteTakesTheNameFromTheOldObject) {
  TestClient client = this->MakeClient();
  const ObjectId old = this->MakeObject(client), fresh = this->MakeObject(client);
  ASSERT_EQ(this->SendCode(TestCommit(client).Bind("a", old)), CommitCode::kOk);
  ASSERT_EQ(this->SendCode(TestCommit(client).Bind("a", fresh)), CommitCode::kOk);
  EXPECT_EQ(this->ObjectOf("a"), fresh);
  EXPECT_EQ(this->Stat(old).bindings, 0);
  EXPECT_EQ(this->SendCode(TestCommit(client).Write(old, 0, Bytes(1, 1))), CommitCode::kObjectGone);
}

TYPED_TEST_P(NamesContract, RenameIsOneCommit) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client);
  ASSERT_EQ(this->SendCode(TestCommit(client).Bind("x", object)), CommitCode::kOk);
  ASSERT_EQ(this->SendCode(TestCommit(client).IfName(object).Unbind("x", object).Bind("y", object)), CommitCode::kOk);
  EXPECT_EQ(this->ObjectOf("x"), std::nullopt);
  EXPECT_EQ(this->ObjectOf("y"), object);
  EXPECT_EQ(this->Stat(object).bindings, 1);
  EXPECT_EQ(this->SendCode(TestCommit(client).Write(object, 0, Bytes(1, 1))), CommitCode::kOk);
}

TYPED_TEST_P(NamesContract, ConditionOnANameIsMetByOneOfTwo) {
  TestClient client = this->MakeClient();
  const ObjectId a = this->MakeObject(client), b = this->MakeObject(client);
  EXPECT_EQ(this->SendCode(TestCommit(client).IfName(std::nullopt).Bind("n", a)), CommitCode::kOk);
  EXPECT_EQ(this->SendCode(TestCommit(client).IfName(std::nullopt).Bind("n", b)), CommitCode::kPrecondition);
  EXPECT_EQ(this->SendCode(TestCommit(client).IfName(b).Bind("n", b)), CommitCode::kPrecondition);
  EXPECT_EQ(this->SendCode(TestCommit(client).IfName(a).Bind("n", b)), CommitCode::kOk);
  EXPECT_EQ(this->SendCode(TestCommit(client).IfName(b).Unbind("n", b)), CommitCode::kOk);
  EXPECT_EQ(this->SendCode(TestCommit(client).IfName(std::nullopt).Bind("n", a)), CommitCode::kOk);
}

TYPED_TEST_P(NamesContract, StaleBindingIsRefused) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client);
  const Order early = client.NextOrder();
  TestCommit bind(client);
  ASSERT_EQ(this->SendCode(bind.Bind("a", object)), CommitCode::kOk);
  const CommitReply reply = this->Send(TestCommit(client).At(early).Unbind("a", object));
  EXPECT_EQ(reply.code, CommitCode::kOrderStale);
  EXPECT_GE(reply.max_hlc, bind.last_order().hlc);
  EXPECT_EQ(this->ObjectOf("a"), object);
}

TYPED_TEST_P(NamesContract, RefusedCommitLeavesNoName) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client);
  EXPECT_EQ(this->SendCode(TestCommit(client).Bind("a", object).Write(client.NewObject(), 0, Bytes(1, 1))),
            CommitCode::kObjectGone);
  EXPECT_CODE(this->Resolve("a"), kNotFound);
  EXPECT_EQ(this->Stat(object).bindings, 0);
  EXPECT_TRUE(this->ports_.names.NameHistory(TestContext(), {this->bucket_, "a"})->empty());
}

TYPED_TEST_P(NamesContract, ListsByPrefixInByteOrderInPages) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client);
  for (const char* name : {"b/2", "a", "b/1", "b/\xc3\xa9", "b", "c", "b/3"}) {
    ASSERT_EQ(this->SendCode(TestCommit(client).Bind(name, object)), CommitCode::kOk);
  }
  ASSERT_EQ(this->SendCode(TestCommit(client).Unbind("b/3", object)), CommitCode::kOk);
  std::vector<std::string> seen;
  ListNamesRequest request{this->bucket_, "b/", "", 2, {}};
  for (bool more = true; more;) {
    ASSERT_OK_AND_ASSIGN(const ListNamesReply page, this->ports_.names.ListNames(TestContext(), request));
    ASSERT_FALSE(page.names.empty());
    for (const NameEntry& entry : page.names) seen.push_back(entry.name);
    request.after = seen.back();
    more = page.more;
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"b/1", "b/2", "b/\xc3\xa9"}));
}

TYPED_TEST_P(NamesContract, NamesAsOfAnEarlierOrder) {
  this->bucket_ = this->MakeHistoryBucket();
  TestClient client = this->MakeClient();
  const ObjectId a = this->MakeObject(client), b = this->MakeObject(client);
  TestCommit first(client), second(client), gone(client);
  ASSERT_EQ(this->SendCode(first.Bind("n", a)), CommitCode::kOk);
  ASSERT_EQ(this->SendCode(second.Bind("n", b)), CommitCode::kOk);
  ASSERT_EQ(this->SendCode(gone.Unbind("n", b)), CommitCode::kOk);
  EXPECT_EQ(this->Resolve("n", first.last_order().hlc)->object, a);
  EXPECT_EQ(this->Resolve("n", second.last_order().hlc)->object, b);
  EXPECT_CODE(this->Resolve("n", gone.last_order().hlc), kNotFound);
  EXPECT_CODE(this->Resolve("n", first.last_order().hlc - 1), kNotFound);
  const ListNamesRequest request{this->bucket_, "", "", 10, second.last_order().hlc};
  EXPECT_EQ(this->ports_.names.ListNames(TestContext(), request)->names.size(), 1u);
  EXPECT_EQ(this->ports_.names.NameHistory(TestContext(), {this->bucket_, "n"})->size(), 3u);
}

TYPED_TEST_P(NamesContract, VersionedBucketKeepsVersionsAndDropsOne) {
  this->bucket_ = this->MakeVersionedBucket();
  TestClient client = this->MakeClient();
  const ObjectId a = this->MakeObject(client), b = this->MakeObject(client);
  TestCommit first(client), second(client);
  ASSERT_EQ(this->SendCode(first.Bind("n", a)), CommitCode::kOk);
  EXPECT_TRUE(this->Stat(a).sealed);
  ASSERT_EQ(this->SendCode(second.Bind("n", b)), CommitCode::kOk);
  EXPECT_EQ(this->Stat(a).bindings, 1);
  EXPECT_EQ(this->SendCode(TestCommit(client).Drop("n", {1, 1})), CommitCode::kSourceGone);
  TestCommit drop(client);
  EXPECT_EQ(this->SendCode(drop.Drop("n", second.last_order())), CommitCode::kOk);
  EXPECT_EQ(this->SendCode(drop), CommitCode::kReplay);
  EXPECT_EQ(this->ObjectOf("n"), a);  // the newest that remains
  EXPECT_EQ(this->Stat(b).bindings, 0);
  EXPECT_EQ(this->ports_.names.NameHistory(TestContext(), {this->bucket_, "n"})->size(), 1u);
  EXPECT_EQ(this->SendCode(TestCommit(client).Drop("n", first.last_order())), CommitCode::kOk);
  EXPECT_CODE(this->Resolve("n"), kNotFound);
}

TYPED_TEST_P(NamesContract, DropBelongsToVersionedBuckets) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client);
  TestCommit bind(client);
  ASSERT_EQ(this->SendCode(bind.Bind("n", object)), CommitCode::kOk);
  EXPECT_EQ(this->SendCode(TestCommit(client).Drop("n", bind.last_order())), CommitCode::kBadOp);
  EXPECT_EQ(this->ObjectOf("n"), object);
}

TYPED_TEST_P(NamesContract, BadNamesAreInvalid) {
  for (const std::string& name : {std::string(), std::string(1025, 'a'), std::string("a\0b", 3), std::string("\xff")}) {
    EXPECT_CODE(this->Resolve(name), kInvalidArgument);
  }
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client);
  for (const std::string& name : {std::string("../a//"), std::string(1024, 'a')}) {
    EXPECT_EQ(this->SendCode(TestCommit(client).Bind(name, object)), CommitCode::kOk);
    EXPECT_EQ(this->ObjectOf(name), object);
  }
}

REGISTER_TYPED_TEST_SUITE_P(NamesContract, BindShowsTheObjectAndItsRecord, BindMayCreateAnEmptyObject,
                            UnboundObjectTakesNoMoreWrites, OverwriteTakesTheNameFromTheOldObject, RenameIsOneCommit,
                            ConditionOnANameIsMetByOneOfTwo, StaleBindingIsRefused, RefusedCommitLeavesNoName,
                            ListsByPrefixInByteOrderInPages, NamesAsOfAnEarlierOrder,
                            VersionedBucketKeepsVersionsAndDropsOne, DropBelongsToVersionedBuckets, BadNamesAreInvalid);

}  // namespace pbfs
