#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "libs/catalog/testing/catalog_fixture.h"
#include "libs/format/op_record.h"

/// What every implementation keeps of versions of names: SetVersioning, ListVersions, Resolve of a version, DROP, and META of versions.
namespace pbfs {

template <typename Fixture>
class VersionsContract : public CatalogContract<Fixture> {
 protected:
  /// A version as the model has it.
  struct Version {
    Order order;
    std::optional<ObjectId> object;  // none: a delete marker
    bool is_null = false;
  };
  using Model = std::map<std::string, std::vector<Version>>;  // of each name the newest first

  void Set(Versioning versioning) {
    ASSERT_OK(this->ports_.buckets.SetVersioning(TestContext(), this->bucket_, versioning));
    versioning_ = versioning;
  }
  CommitCode Do(TestCommit& commit) {
    commit.request().versioning = versioning_;
    return this->SendCode(commit);
  }
  /// A new object of one byte, bound.
  ObjectId BindNew(TestClient& client, const std::string& name) {
    const ObjectId object = client.NewObject();
    TestCommit commit(client);
    commit.Creates(object).Write(object, 0, Bytes(1, 1)).Bind(name, object);
    EXPECT_EQ(Do(commit), CommitCode::kOk);
    Note(name, {commit.last_order(), object, versioning_ != Versioning::kEnabled});
    return object;
  }
  void UnbindIt(TestClient& client, const std::string& name) {
    TestCommit commit(client);
    EXPECT_EQ(Do(commit.Unbind(name)), CommitCode::kOk);
    Note(name, {commit.last_order(), {}, versioning_ != Versioning::kEnabled});
  }
  CommitCode DropIt(TestClient& client, const std::string& name, const Order& order) {
    TestCommit commit(client);
    const CommitCode code = Do(commit.Drop(name, order));
    if (code == CommitCode::kOk) std::erase_if(model_[name], [&](const Version& v) { return v.order == order; });
    return code;
  }
  void Note(const std::string& name, const Version& version) {
    std::vector<Version>& versions = model_[name];
    if (version.is_null) std::erase_if(versions, [](const Version& v) { return v.is_null; });
    const bool nothing = versioning_ == Versioning::kOff && !version.object;
    if (!nothing) versions.insert(versions.begin(), version);
  }

  static std::string TextOf(const std::string& name, const Order& order) {
    return name + " " + std::to_string(order.hlc) + "/" + std::to_string(order.wid);
  }
  /// A page: versions as name and order, common prefixes with a star; "..." if there is more.
  std::vector<std::string> Listed(const ListVersionsRequest& request) {
    const Result<ListVersionsReply> reply = this->ports_.names.ListVersions(TestContext(), request);
    EXPECT_OK(reply);
    if (!reply.ok()) return {};
    std::vector<std::string> listed;
    auto prefix = reply->prefixes.begin();
    for (const NameEntry& entry : reply->versions) {
      for (; prefix != reply->prefixes.end() && *prefix < entry.name; ++prefix) listed.push_back(*prefix + "*");
      listed.push_back(TextOf(entry.name, entry.order));
      CheckEntry(entry);
    }
    for (; prefix != reply->prefixes.end(); ++prefix) listed.push_back(*prefix + "*");
    if (reply->more) listed.push_back("...");
    return listed;
  }
  void CheckEntry(const NameEntry& entry) {
    const std::vector<Version>& versions = model_[entry.name];
    const auto found =
        std::find_if(versions.begin(), versions.end(), [&](const Version& v) { return v.order == entry.order; });
    ASSERT_NE(found, versions.end());
    EXPECT_EQ(entry.object, found->object);
    EXPECT_EQ(entry.versioning != Versioning::kEnabled, found->is_null);
    EXPECT_EQ(entry.current, found == versions.begin());
    EXPECT_EQ(entry.content.has_value(), found->object.has_value());
    EXPECT_EQ(DecodeRecord(entry.record)->order, entry.order);
  }
  std::vector<std::string> Expected(const ListVersionsRequest& request) {
    std::vector<std::string> listed;
    for (const auto& [name, versions] : model_) {
      if (!name.starts_with(request.prefix) || versions.empty()) continue;
      const bool goes_on = request.after_version && name == request.after;
      if (name <= request.after && !goes_on) continue;
      const std::optional<std::string> common = CommonPrefix(name, request.prefix, request.delimiter);
      if (common && (*common == request.after || (!listed.empty() && listed.back() == *common + "*"))) continue;
      for (const Version& version : versions) {
        if (goes_on && version.order >= *request.after_version) continue;
        if (listed.size() == static_cast<size_t>(request.limit)) return listed.push_back("..."), listed;
        listed.push_back(common ? *common + "*" : TextOf(name, version.order));
        if (common) break;
      }
    }
    return listed;
  }
  /// Every version by itself, names as they are bound, and how often objects are.
  void ExpectModel() {
    std::map<ObjectId, int> bindings;
    for (const auto& [name, versions] : model_) {
      for (const Version& version : versions) {
        NameQuery query{this->bucket_, name, {}};
        for (const Order& by : {version.order, kNullVersion}) {
          if (by == kNullVersion && !version.is_null) continue;
          query.version = by;
          const Result<NameEntry> entry = this->ports_.names.Resolve(TestContext(), query);
          ASSERT_OK(entry);
          EXPECT_EQ(entry->order, version.order);
          EXPECT_EQ(entry->object, version.object);
        }
        if (version.object) ++bindings[*version.object];
      }
      const Result<NameEntry> bound = this->ports_.names.Resolve(TestContext(), {this->bucket_, name, {}});
      const std::optional<ObjectId> object = versions.empty() ? std::nullopt : versions.front().object;
      EXPECT_EQ(bound.ok() ? bound->object : std::nullopt, object) << name;
    }
    for (const auto& [object, count] : bindings) EXPECT_EQ(this->Stat(object).bindings, count);
  }

  Versioning versioning_ = Versioning::kOff;
  Model model_;
};

TYPED_TEST_SUITE_P(VersionsContract);

TYPED_TEST_P(VersionsContract, BeforeItIsEnabledANameHasItsNullVersion) {
  TestClient client = this->MakeClient();
  this->BindNew(client, "n");
  const ObjectId object = this->BindNew(client, "n");
  this->BindNew(client, "gone");
  this->UnbindIt(client, "gone");
  EXPECT_EQ(this->Listed({this->bucket_, "", ""}).size(), 1u);
  this->ExpectModel();
  this->Set(Versioning::kEnabled);
  EXPECT_EQ(this->Listed({this->bucket_, "", ""}).size(), 1u) << "what was unbound before is no delete marker";
  this->BindNew(client, "n");
  EXPECT_EQ(this->Stat(object).bindings, 1);
  EXPECT_EQ(this->Listed({this->bucket_, "", ""}).size(), 2u);
  this->ExpectModel();
}

TYPED_TEST_P(VersionsContract, WhereVersionsAreKeptBoundObjectsTakeNoMoreWrites) {
  TestClient client = this->MakeClient();
  const ObjectId before = this->BindNew(client, "n");
  ASSERT_EQ(this->SendCode(TestCommit(client).Write(before, 0, Bytes(1, 2))), CommitCode::kOk);
  this->Set(Versioning::kEnabled);
  EXPECT_EQ(this->SendCode(TestCommit(client).Write(before, 0, Bytes(1, 3))), CommitCode::kSealed);
  EXPECT_FALSE(this->Stat(before).sealed);
  this->Set(Versioning::kSuspended);
  EXPECT_EQ(this->SendCode(TestCommit(client).Write(before, 0, Bytes(1, 3))), CommitCode::kOk) << "the null version";
  EXPECT_EQ(this->SendCode(TestCommit(client).Seal(before)), CommitCode::kObjectGone);
  this->Set(Versioning::kEnabled);
  EXPECT_EQ(this->SendCode(TestCommit(client).Seal(before)), CommitCode::kOk) << "so that it can be referred to";
  EXPECT_TRUE(this->Stat(before).sealed);
}

TYPED_TEST_P(VersionsContract, SuspendedTheNullVersionIsReplaced) {
  TestClient client = this->MakeClient();
  const ObjectId first = this->BindNew(client, "n");
  this->Set(Versioning::kEnabled);
  const ObjectId version = this->BindNew(client, "n");
  this->Set(Versioning::kSuspended);
  const ObjectId second = this->BindNew(client, "n");
  EXPECT_EQ(this->Stat(first).bindings, 0);
  EXPECT_EQ(this->Stat(version).bindings, 1);
  EXPECT_FALSE(this->Stat(second).sealed);
  this->ExpectModel();
  this->UnbindIt(client, "n");
  EXPECT_EQ(this->Stat(second).bindings, 0);
  EXPECT_EQ(this->Listed({this->bucket_, "", ""}).size(), 2u);
  this->ExpectModel();
  // Without its null version the name shows the newest that is left.
  ASSERT_EQ(this->DropIt(client, "n", this->model_["n"].front().order), CommitCode::kOk);
  this->ExpectModel();
  EXPECT_EQ(this->ports_.names.Resolve(TestContext(), {this->bucket_, "n", {}})->object, version);
}

TYPED_TEST_P(VersionsContract, WhoTakesTheBucketForAnotherIsTold) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client);
  this->Set(Versioning::kEnabled);
  TestCommit commit(client);
  commit.Bind("n", object).request().versioning = Versioning::kOff;
  const CommitReply refused = this->Send(commit);
  EXPECT_EQ(refused.code, CommitCode::kVersioning);
  EXPECT_EQ(refused.versioning, Versioning::kEnabled);
  EXPECT_CODE(this->ports_.names.Resolve(TestContext(), {this->bucket_, "n", {}}), kNotFound);
  commit.request().versioning = Versioning::kEnabled;
  EXPECT_EQ(this->SendCode(commit), CommitCode::kOk);
  commit.request().versioning = Versioning::kOff;
  EXPECT_EQ(this->SendCode(commit), CommitCode::kReplay) << "what happened has happened";
  TestCommit write(client);
  const ObjectId other = this->MakeObject(client);
  write.Write(other, 5, Bytes(1, 1)).request().versioning = Versioning::kOff;
  EXPECT_EQ(this->SendCode(write), CommitCode::kOk) << "it has no names";
}

TYPED_TEST_P(VersionsContract, VersioningIsNotTurnedOff) {
  Buckets& buckets = this->ports_.buckets;
  EXPECT_CODE(buckets.SetVersioning(TestContext(), this->bucket_, Versioning::kOff), kInvalidArgument);
  EXPECT_CODE(buckets.SetVersioning(TestContext(), BucketId{}, Versioning::kEnabled), kNotFound);
  for (const Versioning versioning : {Versioning::kSuspended, Versioning::kEnabled, Versioning::kEnabled}) {
    this->Set(versioning);
    const Result<std::vector<BucketInfo>> all = buckets.ListBuckets(TestContext());
    ASSERT_OK(all);
    const auto found = std::find_if(all->begin(), all->end(), [&](const auto& b) { return b.id == this->bucket_; });
    ASSERT_NE(found, all->end());
    EXPECT_EQ(found->settings.versioning, versioning);
  }
}

TYPED_TEST_P(VersionsContract, NamesAreRememberedSinceVersionsAreKept) {
  TestClient client = this->MakeClient();
  const ObjectId before = this->BindNew(client, "n");
  const Hlc then = client.NextOrder().hlc;
  const auto as_of = [&](Hlc hlc) { return this->ports_.names.Resolve(TestContext(), {this->bucket_, "n", hlc}); };
  EXPECT_CODE(as_of(then), kOutOfRange);
  this->Set(Versioning::kEnabled);
  EXPECT_CODE(as_of(HlcFromMillis(1)), kOutOfRange);
  const ObjectId version = this->BindNew(client, "n");
  const Hlc bound = this->model_["n"].front().order.hlc;
  EXPECT_EQ(as_of(bound)->object, version);
  EXPECT_EQ(as_of(bound - 1)->object, before);
  this->Set(Versioning::kSuspended);
  EXPECT_CODE(as_of(bound), kOutOfRange);
}

TYPED_TEST_P(VersionsContract, ABucketWithVersionsIsNotDeleted) {
  TestClient client = this->MakeClient();
  this->Set(Versioning::kEnabled);
  this->UnbindIt(client, "n");
  const auto remove = [&] { return this->ports_.buckets.DeleteBucket(TestContext(), this->bucket_); };
  EXPECT_CODE(remove(), kFailedPrecondition);  // a delete marker
  this->BindNew(client, "n");
  ASSERT_EQ(this->DropIt(client, "n", this->model_["n"].front().order), CommitCode::kOk);
  EXPECT_CODE(remove(), kFailedPrecondition);
  ASSERT_EQ(this->DropIt(client, "n", this->model_["n"].front().order), CommitCode::kOk);
  EXPECT_OK(remove());
}

TYPED_TEST_P(VersionsContract, MetadataOfAVersionChangeUnderACondition) {
  TestClient client = this->MakeClient();
  this->Set(Versioning::kEnabled);
  const ObjectId object = this->BindNew(client, "n");
  const auto meta = [&] {
    NameQuery query{this->bucket_, "n", {}};
    query.version = this->model_["n"].front().order;
    return ToBytes(this->ports_.names.Resolve(TestContext(), query)->meta);
  };
  EXPECT_EQ(meta(), Bytes{});
  TestCommit first(client), second(client), third(client);
  first.Meta(object, Bytes(50, 1)).request().if_meta = Order{};
  ASSERT_EQ(this->SendCode(first), CommitCode::kOk);
  EXPECT_EQ(meta(), ToBytes(first.request().records[0]));
  second.Meta(object, Bytes(50, 2)).request().if_meta = Order{};
  EXPECT_EQ(this->SendCode(second), CommitCode::kPrecondition);
  third.Meta(object, Bytes(50, 3)).request().if_meta = first.last_order();
  EXPECT_EQ(this->SendCode(third), CommitCode::kOk);
  EXPECT_EQ(meta(), ToBytes(third.request().records[0]));
  ListRequest list;
  list.bucket = this->bucket_, list.name = "n", list.hi = 1, list.version = this->model_["n"].front().order;
  const Result<ListReply> listed = this->ports_.lists.List(TestContext(), list);
  ASSERT_OK(listed);
  EXPECT_EQ(ToBytes(listed->name->meta), meta());
  TestCommit bad(client);
  bad.Write(this->MakeObject(client), 0, Bytes(1, 1)).request().if_meta = Order{};
  EXPECT_CODE(this->ports_.commits.Commit(TestContext(), bad.request()), kInvalidArgument);
}

// A META that changes nothing, and a DROP, in one Commit: whoever drops has seen the newest metadata, and nobody changes them afterwards.
TYPED_TEST_P(VersionsContract, ADropWithAMetaIsUnderItsCondition) {
  TestClient client = this->MakeClient();
  this->Set(Versioning::kEnabled);
  const ObjectId object = this->BindNew(client, "n");
  const Order version = this->model_["n"].front().order;
  TestCommit held(client), blind(client), seen(client), late(client);
  held.Meta(object, Bytes(50, 1)).request().if_meta = Order{};
  ASSERT_EQ(this->SendCode(held), CommitCode::kOk);
  blind.Meta(object, Bytes(50, 2)).Drop("n", version).request().if_meta = Order{};
  EXPECT_EQ(this->SendCode(blind), CommitCode::kPrecondition);
  EXPECT_EQ(this->Stat(object).bindings, 1);
  this->ExpectModel();
  seen.Meta(object, Bytes(50, 1)).Drop("n", version).request().if_meta = held.last_order();
  EXPECT_EQ(this->SendCode(seen), CommitCode::kOk);
  EXPECT_EQ(this->Stat(object).bindings, 0);
  this->model_["n"].clear();
  this->ExpectModel();
  late.Meta(object, Bytes(50, 3)).request().if_meta = held.last_order();
  EXPECT_EQ(this->SendCode(late), CommitCode::kPrecondition);
}

TYPED_TEST_P(VersionsContract, AListIsOfAVersionIfAsked) {
  TestClient client = this->MakeClient();
  this->Set(Versioning::kEnabled);
  const ObjectId object = this->BindNew(client, "n");
  this->UnbindIt(client, "n");
  ListRequest list;
  list.bucket = this->bucket_, list.name = "n", list.hi = 1;
  EXPECT_CODE(this->ports_.lists.List(TestContext(), list), kNotFound);
  list.version = this->model_["n"].front().order;
  EXPECT_CODE(this->ports_.lists.List(TestContext(), list), kNotFound);  // a delete marker has no extents
  list.version = this->model_["n"].back().order;
  const Result<ListReply> listed = this->ports_.lists.List(TestContext(), list);
  ASSERT_OK(listed);
  EXPECT_EQ(listed->name->object, object);
  EXPECT_EQ(listed->extents.size(), 1u);
  list.version = Order{1, 1};
  EXPECT_CODE(this->ports_.lists.List(TestContext(), list), kNotFound);
  list.version = kNullVersion;
  EXPECT_CODE(this->ports_.lists.List(TestContext(), list), kNotFound);
  list.as_of = 1;
  EXPECT_CODE(this->ports_.lists.List(TestContext(), list), kInvalidArgument);
}

TYPED_TEST_P(VersionsContract, BadListsOfVersionsAreInvalid) {
  Names& names = this->ports_.names;
  EXPECT_CODE(names.ListVersions(TestContext(), {BucketId{}, "", ""}), kNotFound);
  EXPECT_CODE(names.ListVersions(TestContext(), {this->bucket_, "", "", {}, 0}), kInvalidArgument);
  EXPECT_CODE(names.ListVersions(TestContext(), {this->bucket_, "\xff", ""}), kInvalidArgument);
  EXPECT_CODE(names.ListVersions(TestContext(), {this->bucket_, "", "", Order{1, 1}}), kInvalidArgument);
}

TYPED_TEST_P(VersionsContract, VersionsAreWhatTheModelSays) {
  SeededRandom random(TestSeed());
  SCOPED_TRACE(TestSeed());
  if (random.Below(2) > 0) this->bucket_ = this->MakeHistoryBucket();
  TestClient client = this->MakeClient();
  const std::vector<std::string> names = {"a", "a/", "a/b", "a/b/c", "a0", "b", "b/c"};
  const auto any_name = [&] { return names[random.Below(names.size())]; };
  for (int i = 0; i < TestScaled(60); ++i) {
    const std::string name = any_name();
    auto& versions = this->model_[name];
    if (random.Below(12) == 0) {
      this->Set(random.Below(2) > 0 ? Versioning::kEnabled : Versioning::kSuspended);
    } else if (random.Below(3) == 0 && !versions.empty() && this->versioning_ != Versioning::kOff) {
      const Order order = versions[random.Below(versions.size())].order;
      ASSERT_EQ(this->DropIt(client, name, order), CommitCode::kOk);
    } else if (random.Below(4) == 0) {
      this->UnbindIt(client, name);
    } else {
      this->BindNew(client, name);
    }
    if (i % 10 == 0) this->ExpectModel();
  }
  this->ExpectModel();
  for (int i = 0; i < TestScaled(100); ++i) {
    ListVersionsRequest request{this->bucket_, "", "", {}, static_cast<int32_t>(1 + random.Below(5))};
    if (random.Below(3) == 0) request.prefix = any_name();
    if (random.Below(2) == 0) request.delimiter = random.Below(3) == 0 ? "b" : "/";
    if (random.Below(2) == 0) request.after = any_name();
    const std::vector<typename TestFixture::Version>& versions = this->model_[request.after];
    if (random.Below(2) == 0 && !request.after.empty() && !versions.empty())
      request.after_version = versions[random.Below(versions.size())].order;
    const bool folded = CommonPrefix(request.after, request.prefix, request.delimiter).has_value();
    if (request.after_version && folded) request.after_version.reset();  // whoever sees the prefix sees no version
    SCOPED_TRACE("prefix " + request.prefix + " delimiter " + request.delimiter + " after " + request.after);
    ASSERT_EQ(this->Listed(request), this->Expected(request));
  }
}

REGISTER_TYPED_TEST_SUITE_P(VersionsContract, BeforeItIsEnabledANameHasItsNullVersion,
                            WhereVersionsAreKeptBoundObjectsTakeNoMoreWrites, SuspendedTheNullVersionIsReplaced,
                            WhoTakesTheBucketForAnotherIsTold, VersioningIsNotTurnedOff,
                            NamesAreRememberedSinceVersionsAreKept, ABucketWithVersionsIsNotDeleted,
                            MetadataOfAVersionChangeUnderACondition, ADropWithAMetaIsUnderItsCondition,
                            AListIsOfAVersionIfAsked, BadListsOfVersionsAreInvalid, VersionsAreWhatTheModelSays);

}  // namespace pbfs
