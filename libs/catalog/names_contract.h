#pragma once

#include <algorithm>
#include <map>
#include <set>

#include "libs/catalog/testing/catalog_fixture.h"
#include "libs/model/limits.h"

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
  /// A page in one order: names as they are, common prefixes with a star; "..." if there is more.
  std::vector<std::string> Listed(const ListNamesRequest& request) {
    const Result<ListNamesReply> reply = this->ports_.names.ListNames(TestContext(), request);
    EXPECT_OK(reply);
    if (!reply.ok()) return {};
    std::map<std::string, std::string> shown;
    for (const NameEntry& entry : reply->names) shown[entry.name] = entry.name;
    for (const std::string& prefix : reply->prefixes) shown[prefix] = prefix + "*";
    EXPECT_EQ(shown.size(), reply->names.size() + reply->prefixes.size());
    EXPECT_TRUE(std::is_sorted(reply->prefixes.begin(), reply->prefixes.end()));
    std::vector<std::string> listed;
    for (const auto& [key, text] : shown) listed.push_back(text);
    EXPECT_EQ(reply->Last(), shown.empty() ? "" : shown.rbegin()->first);
    if (reply->more) listed.push_back("...");
    return listed;
  }
  /// What Listed() has to be, where exactly these names are bound.
  static std::vector<std::string> Expected(const std::set<std::string>& bound, const ListNamesRequest& request) {
    std::vector<std::string> listed;
    for (const std::string& name : bound) {
      if (name <= request.after || name.compare(0, request.prefix.size(), request.prefix) != 0) continue;
      std::string text = name;
      const size_t at =
          request.delimiter.empty() ? std::string::npos : name.find(request.delimiter, request.prefix.size());
      if (at != std::string::npos) {
        text = name.substr(0, at + request.delimiter.size());
        if (text == request.after) continue;
        text += "*";
      }
      if (!listed.empty() && listed.back() == text) continue;
      if (listed.size() == static_cast<size_t>(request.limit)) {
        listed.push_back("...");
        break;
      }
      listed.push_back(text);
    }
    return listed;
  }
  static std::string AnyText(SeededRandom& random, uint64_t most) {
    static const std::string kLetters[] = {"a", "b", "/", "/", "\xc3\xa9", "\xf4\x8f\xbf\xbf"};
    std::string text;
    for (uint64_t length = random.Below(most + 1); length > 0; --length) text += kLetters[random.Below(6)];
    return text;
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

TYPED_TEST_P(NamesContract, NamesBehindADelimiterAreOneCommonPrefix) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client);
  for (const char* name : {"a", "b/1", "b/2", "b/c/3", "b", "b0", "c/", "d//e"})
    ASSERT_EQ(this->SendCode(TestCommit(client).Bind(name, object)), CommitCode::kOk);
  using Page = std::vector<std::string>;
  ListNamesRequest request{this->bucket_, "", "", 3, {}, true, "/"};
  EXPECT_EQ(this->Listed(request), (Page{"a", "b", "b/*", "..."}));
  request.after = "b/";
  EXPECT_EQ(this->Listed(request), (Page{"b0", "c/*", "d/*"}));
  request.after = "b/1";
  EXPECT_EQ(this->Listed(request), (Page{"b/*", "b0", "c/*", "..."})) << "names behind the marker are there";
  request.after = "b/c/3";
  EXPECT_EQ(this->Listed(request), (Page{"b0", "c/*", "d/*"}));
  request.prefix = "b/", request.after = "";
  EXPECT_EQ(this->Listed(request), (Page{"b/1", "b/2", "b/c/*"}));
  request.prefix = "d/";
  EXPECT_EQ(this->Listed(request), (Page{"d//*"}));
  request.prefix = "c/";
  EXPECT_EQ(this->Listed(request), (Page{"c/"})) << "the delimiter counts behind the prefix only";
}

TYPED_TEST_P(NamesContract, ListsAreWhatTheModelSays) {
  SeededRandom random(TestSeed());
  SCOPED_TRACE(TestSeed());
  this->bucket_ = this->MakeHistoryBucket();
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client);
  std::set<std::string> before, now;
  for (int i = 0; i < 60; ++i) {
    const std::string name = "a" + this->AnyText(random, 5);
    if (!before.insert(name).second) continue;
    ASSERT_EQ(this->SendCode(TestCommit(client).Bind(name, object)), CommitCode::kOk);
  }
  const Hlc then = client.NextOrder().hlc;
  now = before;
  for (int i = 0; i < 40; ++i) {
    const std::string name = "a" + this->AnyText(random, 5);
    const bool gone = now.erase(name) > 0;
    TestCommit change(client);
    ASSERT_EQ(this->SendCode(gone ? change.Unbind(name, object) : change.Bind(name, object)), CommitCode::kOk);
    if (!gone) now.insert(name);
  }
  for (int i = 0; i < TestScaled(150); ++i) {
    ListNamesRequest request{this->bucket_, "", "", static_cast<int32_t>(1 + random.Below(6)), {}};
    if (random.Below(4) > 0) request.prefix = "a" + this->AnyText(random, 2);
    if (random.Below(4) > 0) request.delimiter = this->AnyText(random, 2);
    if (random.Below(2) > 0) request.as_of = then;
    const std::set<std::string>& bound = request.as_of ? before : now;
    if (random.Below(3) > 0) request.after = "a" + this->AnyText(random, 4);
    if (random.Below(2) > 0) request.after = *std::next(bound.begin(), static_cast<int>(random.Below(bound.size())));
    SCOPED_TRACE("prefix " + request.prefix + " delimiter " + request.delimiter + " after " + request.after);
    ASSERT_EQ(this->Listed(request), this->Expected(bound, request));
    // Pages one after the other show everything once.
    ListNamesRequest whole = request;
    whole.limit = 1000;
    std::vector<std::string> all;
    for (bool more = true; more;) {
      std::vector<std::string> page = this->Listed(request);
      more = !page.empty() && page.back() == "...";
      if (more) page.pop_back();
      all.insert(all.end(), page.begin(), page.end());
      if (more)
        request.after = page.back().ends_with("*") ? page.back().substr(0, page.back().size() - 1) : page.back();
    }
    ASSERT_EQ(all, this->Expected(bound, whole));
  }
}

TYPED_TEST_P(NamesContract, AListSaysWhatObjectsHoldIfAsked) {
  TestClient client = this->MakeClient();
  const ObjectId small = this->MakeObject(client, 10), large = this->MakeObject(client, 3000);
  ASSERT_EQ(this->SendCode(TestCommit(client).Write(large, 5 * kRegionSize, Bytes(7, 1))), CommitCode::kOk);
  ASSERT_EQ(this->SendCode(TestCommit(client).Bind("d/x", small).Bind("large", large).Bind("small", small)),
            CommitCode::kOk);
  TestCommit meta(client);
  ASSERT_EQ(this->SendCode(meta.Meta(small, Bytes(50, 1))), CommitCode::kOk);
  ListNamesRequest request{this->bucket_, "", "", 10, {}, true, "/", true};
  ASSERT_OK_AND_ASSIGN(const ListNamesReply page, this->ports_.names.ListNames(TestContext(), request));
  EXPECT_EQ(page.prefixes, (std::vector<std::string>{"d/"}));
  ASSERT_EQ(page.names.size(), 2u);
  for (const NameEntry& entry : page.names) {
    const ObjectInfo info = this->Stat(*entry.object);
    EXPECT_EQ(entry.content, (NamedContent{info.size, info.opset, info.max_hlc})) << entry.name;
  }
  EXPECT_EQ(page.names[0].content->size, 5 * kRegionSize + 7);
  EXPECT_TRUE(page.names[0].meta.empty());
  EXPECT_EQ(ToBytes(page.names[1].meta), ToBytes(meta.request().records[0]));
  request.with_content = false;
  EXPECT_EQ(this->ports_.names.ListNames(TestContext(), request)->names[0].content, std::nullopt);
}

TYPED_TEST_P(NamesContract, BadListsAreInvalid) {
  ListNamesRequest request{this->bucket_, "", "", 0, {}};
  EXPECT_CODE(this->ports_.names.ListNames(TestContext(), request), kInvalidArgument);
  request.limit = 1;
  for (std::string* text : {&request.prefix, &request.after, &request.delimiter}) {
    *text = "\xff";
    EXPECT_CODE(this->ports_.names.ListNames(TestContext(), request), kInvalidArgument);
    text->clear();
  }
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
                            ListsByPrefixInByteOrderInPages, NamesBehindADelimiterAreOneCommonPrefix,
                            ListsAreWhatTheModelSays, AListSaysWhatObjectsHoldIfAsked, BadListsAreInvalid,
                            NamesAsOfAnEarlierOrder, VersionedBucketKeepsVersionsAndDropsOne,
                            DropBelongsToVersionedBuckets, BadNamesAreInvalid);

}  // namespace pbfs
