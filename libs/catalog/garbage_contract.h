#pragma once

#include <algorithm>

#include "libs/catalog/testing/catalog_fixture.h"

/// What every implementation of Garbage keeps (catalog.h). State may be shared with other tests, so what a call takes may be
/// theirs: each test looks for what is its own.
namespace pbfs {

template <typename Fixture>
class GarbageContract : public CatalogContract<Fixture> {
 protected:
  static constexpr int32_t kLimit = 100'000;
  Garbage& garbage() { return this->fixture_.garbage(); }

  /// An object named `name` with one encoded body of 5,000 bytes.
  ObjectId MakeNamed(TestClient& client, const std::string& name) {
    const ObjectId object = client.NewObject();
    TestCommit commit(client);
    EXPECT_EQ(this->SendCode(commit.Creates(object).Write(object, 0, Bytes(5000, 1)).Bind(name, object)),
              CommitCode::kOk);
    return object;
  }
  void Overwrite(TestClient& client, ObjectId object) {
    EXPECT_EQ(this->SendCode(TestCommit(client).Write(object, 0, Bytes(5000, 2))), CommitCode::kOk);
  }
  void Delete(TestClient& client, const std::string& name, ObjectId object) {
    TestCommit commit(client);
    EXPECT_EQ(this->SendCode(commit.Unbind(name, object)), CommitCode::kOk);
    unbound_ = commit.last_order().hlc;
  }
  BodyId BodyOf(ObjectId object) { return this->List(object).extents.at(0).source.body; }

  void PurgeMark(Duration grace = {}) {
    for (int64_t looked = 1; looked > 0;) {
      const Result<int64_t> reply = garbage().PurgeMark(TestContext(), grace, 7);
      ASSERT_OK(reply);
      looked = *reply;
    }
  }
  std::optional<PurgingBody> Purging(BodyId body) {
    const Result<std::vector<PurgingBody>> all = garbage().ListPurging(TestContext(), kLimit);
    EXPECT_OK(all);
    if (!all.ok()) return {};
    const auto found = std::find_if(all->begin(), all->end(), [&](const PurgingBody& row) { return row.body == body; });
    return found == all->end() ? std::nullopt : std::optional<PurgingBody>(*found);
  }
  bool IsPurging(BodyId body) { return Purging(body).has_value(); }

  void ReapAll() {
    EXPECT_OK(garbage().Reap(TestContext(), kLimit));
    for (;;) {
      const Result<std::optional<int64_t>> dropped = garbage().DropRows(TestContext(), 2);
      ASSERT_OK(dropped);
      if (!dropped->has_value()) return;
    }
  }
  bool IsThere(ObjectId object) { return this->ports_.lists.Stat(TestContext(), {this->bucket_, object}).ok(); }

  /// An encoding id born so long ago.
  EncodingId BornAgo(TestClient& client, std::chrono::milliseconds ago) {
    const int64_t birth = this->fixture_.clock().NowMillis() - ago.count();
    return client.MakeEncoded({}, 4, 6, 0, birth, {}).encoding->id;
  }
  std::vector<EncodingId> Marked(const std::vector<EncodingId>& reported) {
    const Result<std::vector<EncodingId>> confirmed = garbage().SweepMark(TestContext(), reported);
    EXPECT_OK(confirmed);
    return confirmed.ok() ? *confirmed : std::vector<EncodingId>();
  }
  bool Confirms(EncodingId id) {
    const Result<std::vector<EncodingId>> confirmed = garbage().SweepConfirm(TestContext(), kLimit);
    EXPECT_OK(confirmed);
    return confirmed.ok() && std::count(confirmed->begin(), confirmed->end(), id) == 1;
  }

  void ExpireNames() {
    for (int64_t gone = 1; gone > 0;) {
      const Result<int64_t> reply = garbage().NamesExpire(TestContext(), 1);
      ASSERT_OK(reply);
      gone = *reply;
    }
  }
  /// Values of a name that are remembered, the current one included.
  int NamesOf(const std::string& name) {
    const auto all = this->ports_.names.NameHistory(TestContext(), {this->bucket_, name});
    EXPECT_OK(all);
    return all.ok() ? static_cast<int>(all->size()) : -1;
  }
  void ForgetTombstones() {
    for (int64_t gone = 1; gone > 0;) {
      const Result<int64_t> reply = garbage().SweepForget(TestContext(), 1);
      ASSERT_OK(reply);
      gone = *reply;
    }
  }
  void DropZeros() {
    for (ObjectId after; true;) {
      const Result<ZerosPage> page = garbage().DropZeros(TestContext(), after, 100);
      ASSERT_OK(page);
      if (!page->last) return;
      after = *page->last;
    }
  }

  Hlc unbound_ = 0;  // of the newest Delete
};
TYPED_TEST_SUITE_P(GarbageContract);

// ---- bodies ------------------------------------------------------------------------------------------------------------------

TYPED_TEST_P(GarbageContract, OverwrittenBodyIsPurgedAfterTheGrace) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeNamed(client, "a");
  const ListReply before = this->List(object);
  const BodyId old = before.extents.at(0).source.body;
  this->Overwrite(client, object);
  const BodyId live = this->BodyOf(object);
  this->PurgeMark(std::chrono::hours(1));
  EXPECT_FALSE(this->IsPurging(old));
  this->PurgeMark();
  const std::optional<PurgingBody> purging = this->Purging(old);
  ASSERT_TRUE(purging);
  EXPECT_EQ(purging->encoding, before.bodies.at(0).encoding->id);
  EXPECT_EQ(purging->n, 6);
  EXPECT_FALSE(this->IsPurging(live));
  const BodyId both[] = {old, live};
  for (int i = 0; i < 2; ++i) ASSERT_OK(this->garbage().PurgeDone(TestContext(), both));  // a repeat is harmless
  EXPECT_FALSE(this->IsPurging(old));
  EXPECT_EQ(this->List(object).bodies.at(0).id, live);
}

// It has no fragments: nobody is waited for.
TYPED_TEST_P(GarbageContract, OverwrittenInlineBodyGoesAtOnce) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client, 100), clone = client.NewObject(), late = client.NewObject();
  const std::vector<Extent> extents = this->List(object).extents;
  ASSERT_EQ(this->SendCode(TestCommit(client).Creates(clone).Clone(clone, extents)), CommitCode::kOk);
  ASSERT_EQ(this->SendCode(TestCommit(client).Write(object, 0, Bytes(100, 2))), CommitCode::kOk);
  this->PurgeMark();
  EXPECT_EQ(this->List(clone).bodies.size(), 1u) << "the clone names it";
  ASSERT_EQ(this->SendCode(TestCommit(client).Write(clone, 0, Bytes(100, 3))), CommitCode::kOk);
  this->PurgeMark(std::chrono::hours(1));
  ASSERT_EQ(this->SendCode(TestCommit(client).Clone(clone, extents)), CommitCode::kOk) << "the grace is not over";
  ASSERT_EQ(this->SendCode(TestCommit(client).Write(clone, 0, Bytes(100, 4))), CommitCode::kOk);
  this->PurgeMark();
  EXPECT_FALSE(this->IsPurging(extents.at(0).source.body));
  EXPECT_EQ(this->SendCode(TestCommit(client).Creates(late).Clone(late, extents)), CommitCode::kSourceGone);
}

// I18, both ways round.
TYPED_TEST_P(GarbageContract, BodyThatAnotherObjectNamesStays) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeNamed(client, "b"), clone = client.NewObject();
  const std::vector<Extent> extents = this->List(object).extents;
  ASSERT_EQ(this->SendCode(TestCommit(client).Creates(clone).Clone(clone, extents)), CommitCode::kOk);
  this->Overwrite(client, object);
  this->PurgeMark();
  EXPECT_FALSE(this->IsPurging(extents.at(0).source.body));
  this->Overwrite(client, clone);
  this->PurgeMark();
  EXPECT_TRUE(this->IsPurging(extents.at(0).source.body));
}

TYPED_TEST_P(GarbageContract, BodyThatIsPurgedCannotBeNamedAgain) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeNamed(client, "c"), clone = client.NewObject();
  const std::vector<Extent> extents = this->List(object).extents;
  this->Overwrite(client, object);
  this->PurgeMark();
  EXPECT_EQ(this->SendCode(TestCommit(client).Creates(clone).Clone(clone, extents)), CommitCode::kSourceGone);
}

// A rotation of the bucket's key that has listed the body before.
TYPED_TEST_P(GarbageContract, BodyThatIsPurgedIsNotWrappedAnew) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeNamed(client, "a");
  const BodyId body = this->BodyOf(object);
  this->Overwrite(client, object);
  Buckets& buckets = this->ports_.buckets;
  const WrappedQuery query{this->bucket_, 2, {}, 10};
  ASSERT_OK_AND_ASSIGN(const auto before, buckets.ListWrapped(TestContext(), query));
  EXPECT_EQ(before.size(), 2u);
  this->PurgeMark();
  ASSERT_TRUE(this->IsPurging(body));
  ASSERT_OK_AND_ASSIGN(const auto after, buckets.ListWrapped(TestContext(), query));
  EXPECT_EQ(after.size(), 1u);
  RewrapRequest request{this->bucket_, 2, {}};
  for (const WrappedBody& row : before) request.changes.push_back({row.body, row.wrapped_dek, {1}});
  EXPECT_EQ(*buckets.Rewrap(TestContext(), request), 1);
  EXPECT_TRUE(this->IsPurging(body));
  const BodyId gone[] = {body};
  ASSERT_OK(this->garbage().PurgeDone(TestContext(), gone));
  request.key_epoch = 3;
  EXPECT_EQ(*buckets.Rewrap(TestContext(), request), 0);
}

TYPED_TEST_P(GarbageContract, SourcesOfARehomeStayForTheHold) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeNamed(client, "d");
  const std::vector<Extent> sources = this->List(object).extents;
  TestCommit rehome(client);
  rehome.Rehome(object, Bytes(5000, 1), {{0, 5000, sources.at(0).order, 0}}, sources);
  ASSERT_EQ(this->Send(rehome).removed, 1);
  this->PurgeMark();
  EXPECT_FALSE(this->IsPurging(sources.at(0).source.body));
}

// I19: a body that lost a row long ago may have been shown by the other one until just now.
TYPED_TEST_P(GarbageContract, EveryRowThatABodyLostIsWaitedFor) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeNamed(client, "n"), clone = client.NewObject();
  const std::vector<Extent> sources = this->List(object).extents;
  ASSERT_EQ(this->SendCode(TestCommit(client).Creates(clone).Clone(clone, sources)), CommitCode::kOk);
  this->Overwrite(client, object);
  const std::vector<Extent> copies = this->List(clone).extents;
  TestCommit rehome(client);
  rehome.Rehome(clone, Bytes(5000, 1), {{0, 5000, copies.at(0).order, 0}}, copies);
  ASSERT_EQ(this->Send(rehome).removed, 1);
  this->PurgeMark();
  EXPECT_FALSE(this->IsPurging(sources.at(0).source.body)) << "the hold of the rehome's sources is not over";
}

TYPED_TEST_P(GarbageContract, HistoryKeepsBodiesUntilItsFloorPasses) {
  this->bucket_ = this->MakeHistoryBucket();
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeNamed(client, "e");
  const std::vector<Extent> old = this->List(object).extents;
  this->Overwrite(client, object);
  ASSERT_OK(this->garbage().HistoryAdvance(TestContext()));
  ASSERT_OK(this->garbage().HistoryExpire(TestContext(), this->kLimit));
  this->PurgeMark();
  EXPECT_FALSE(this->IsPurging(old.at(0).source.body));
  ASSERT_OK_AND_ASSIGN(const ListReply past, this->TryList(this->bucket_, object, 0, 5000, old.at(0).order.hlc));
  EXPECT_EQ(past.extents, old);
  this->fixture_.ExpireHistory(this->bucket_, this->List(object).extents.at(0).order.hlc);
  this->PurgeMark();
  EXPECT_TRUE(this->IsPurging(old.at(0).source.body));
}

TYPED_TEST_P(GarbageContract, PastNamesGoWithTheirHistory) {
  this->bucket_ = this->MakeHistoryBucket();
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeNamed(client, "l");
  this->Delete(client, "l", object);
  const Hlc first = this->unbound_;
  TestCommit again(client);
  ASSERT_EQ(this->SendCode(again.Bind("l", object)), CommitCode::kOk);
  EXPECT_EQ(this->NamesOf("l"), 3);
  ASSERT_OK(this->garbage().HistoryAdvance(TestContext()));
  this->ExpireNames();
  EXPECT_EQ(this->NamesOf("l"), 3);
  this->fixture_.ExpireHistory(this->bucket_, first);
  this->ExpireNames();
  EXPECT_EQ(this->NamesOf("l"), 2);  // the binding went at that order; the deletion is a value until the next one
  this->fixture_.ExpireHistory(this->bucket_, again.last_order().hlc);
  this->ExpireNames();
  EXPECT_EQ(this->NamesOf("l"), 1);
}

TYPED_TEST_P(GarbageContract, VersionsStayAndWhatWasDroppedGoesBelowTheFloor) {
  this->bucket_ = this->MakeVersionedBucket();
  TestClient client = this->MakeClient();
  const ObjectId a = this->MakeObject(client), b = this->MakeObject(client);
  TestCommit first(client), second(client), drop(client);
  ASSERT_EQ(this->SendCode(first.Bind("m", a)), CommitCode::kOk);
  ASSERT_EQ(this->SendCode(second.Bind("m", b)), CommitCode::kOk);
  this->fixture_.RaiseFloor(second.last_order().hlc);
  this->ExpireNames();
  EXPECT_EQ(this->NamesOf("m"), 2);
  ASSERT_EQ(this->SendCode(drop.Drop("m", first.last_order())), CommitCode::kOk);
  this->ExpireNames();
  EXPECT_EQ(this->SendCode(TestCommit(client).Drop("m", first.last_order())), CommitCode::kOk);  // it is remembered
  this->fixture_.RaiseFloor(drop.last_order().hlc);
  this->ExpireNames();
  EXPECT_EQ(this->SendCode(TestCommit(client).Drop("m", first.last_order())), CommitCode::kSourceGone);
  EXPECT_EQ(this->NamesOf("m"), 1);
}

// ---- objects -----------------------------------------------------------------------------------------------------------------

TYPED_TEST_P(GarbageContract, ObjectWithoutANameIsReapedOnceItsUnbindingIsBelowTheFloor) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeNamed(client, "f");
  const BodyId body = this->BodyOf(object);
  this->Delete(client, "f", object);
  this->ReapAll();
  EXPECT_TRUE(this->IsThere(object));
  this->fixture_.RaiseFloor(this->unbound_);
  this->ReapAll();
  EXPECT_FALSE(this->IsThere(object));
  this->PurgeMark();
  EXPECT_TRUE(this->IsPurging(body));
  ASSERT_OK(this->ports_.journal.AdvanceFloor(TestContext()));
  this->MakeNamed(client, "f");
}

TYPED_TEST_P(GarbageContract, HistoryKeepsAnObjectWithoutANameUntilItsFloorPasses) {
  this->bucket_ = this->MakeHistoryBucket();
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeNamed(client, "g");
  this->Overwrite(client, object);  // so that it has a past row too
  const BodyId body = this->BodyOf(object);
  this->Delete(client, "g", object);
  this->fixture_.RaiseFloor(this->unbound_);
  this->ReapAll();
  EXPECT_TRUE(this->IsThere(object));
  this->fixture_.ExpireHistory(this->bucket_, this->unbound_);
  this->ReapAll();
  EXPECT_FALSE(this->IsThere(object));
  this->PurgeMark();
  EXPECT_TRUE(this->IsPurging(body));
}

TYPED_TEST_P(GarbageContract, OpenObjectIsReapedAfterItsTimeAndABoundOneIsNot) {
  TestClient client = this->MakeClient();
  const ObjectId open = this->MakeObject(client), young = this->MakeObject(client),
                 bound = this->MakeNamed(client, "h");
  this->fixture_.ExpireOpen(open);
  this->ReapAll();
  EXPECT_FALSE(this->IsThere(open));
  EXPECT_TRUE(this->IsThere(young));
  EXPECT_TRUE(this->IsThere(bound));
}

TYPED_TEST_P(GarbageContract, ObjectThatIsReferencedStays) {
  TestClient client = this->MakeClient();
  const ObjectId sealed = this->MakeObject(client), clone = this->MakeNamed(client, "i");
  ASSERT_EQ(this->SendCode(TestCommit(client).Seal(sealed)), CommitCode::kOk);
  ASSERT_EQ(this->SendCode(TestCommit(client).CloneObject(clone, 0, 100, sealed)), CommitCode::kOk);
  this->fixture_.ExpireOpen(sealed);
  this->ReapAll();
  EXPECT_TRUE(this->IsThere(sealed));
  this->Overwrite(client, clone);
  this->fixture_.ExpireOpen(sealed);  // what is held is looked at once a day
  this->ReapAll();
  EXPECT_FALSE(this->IsThere(sealed));
}

TYPED_TEST_P(GarbageContract, PartsOfAnUploadStayUntilItGoes) {
  TestClient client = this->MakeClient();
  const auto make_upload = [&] {
    const UploadInfo upload{UploadId::New(client.hlc().NowMillis(), client.random()), this->bucket_, "up", {}};
    EXPECT_OK(this->ports_.uploads.CreateUpload(TestContext(), upload));
    return upload.id;
  };
  const auto set_part = [&](UploadId upload, int32_t number) {
    const ObjectId object = this->MakeObject(client);
    EXPECT_EQ(this->SendCode(TestCommit(client).Seal(object)), CommitCode::kOk);
    EXPECT_OK(this->ports_.uploads.SetPart(TestContext(), this->bucket_, upload, {number, object, 100, {}}));
    this->fixture_.ExpireOpen(object);
    return object;
  };
  const UploadId aborted = make_upload(), expired = make_upload(), completed = make_upload();
  const ObjectId replaced = set_part(aborted, 1), part = set_part(aborted, 2), late = set_part(expired, 1),
                 used = set_part(completed, 1), unused = set_part(completed, 2);
  this->ReapAll();
  for (const ObjectId& object : {replaced, part, late, used, unused}) EXPECT_TRUE(this->IsThere(object));

  const ObjectId fresh = set_part(aborted, 1);
  this->ReapAll();
  EXPECT_FALSE(this->IsThere(replaced));
  EXPECT_TRUE(this->IsThere(fresh));
  ASSERT_OK(this->ports_.uploads.AbortUpload(TestContext(), this->bucket_, aborted));
  this->fixture_.ExpireUpload(expired);
  this->ReapAll();
  this->ReapAll();  // the first has forgotten the upload
  for (const ObjectId& object : {part, fresh, late}) EXPECT_FALSE(this->IsThere(object));
  EXPECT_CODE(this->ports_.uploads.FindUpload(TestContext(), this->bucket_, expired), kNotFound);

  const ObjectId whole = client.NewObject();
  TestCommit complete(client);
  complete.Creates(whole).CloneObject(whole, 0, 100, used).Bind("up", whole);
  complete.request().complete_upload = completed;
  ASSERT_EQ(this->SendCode(complete), CommitCode::kOk);
  this->fixture_.ExpireOpen(used), this->fixture_.ExpireOpen(unused);
  this->ReapAll();
  EXPECT_TRUE(this->IsThere(used));
  EXPECT_FALSE(this->IsThere(unused));
}

TYPED_TEST_P(GarbageContract, ObjectsThatStayHoldUpNobody) {
  TestClient client = this->MakeClient();
  const ObjectId sealed = this->MakeObject(client), clone = this->MakeNamed(client, "k"),
                 open = this->MakeObject(client);
  ASSERT_EQ(this->SendCode(TestCommit(client).Seal(sealed)), CommitCode::kOk);
  ASSERT_EQ(this->SendCode(TestCommit(client).CloneObject(clone, 0, 100, sealed)), CommitCode::kOk);
  this->fixture_.ExpireOpen(sealed), this->fixture_.ExpireOpen(open);
  for (int64_t reaped = 1; reaped > 0;) {
    const Result<int64_t> reply = this->garbage().Reap(TestContext(), 1);
    ASSERT_OK(reply);
    reaped = *reply;
  }
  EXPECT_TRUE(this->IsThere(sealed));
  EXPECT_FALSE(this->IsThere(open));
}

TYPED_TEST_P(GarbageContract, ReapedObjectTakesNothingAndIsJournaled) {
  TestClient client = this->MakeClient();
  const ObjectId open = this->MakeObject(client);
  const ListReply before = this->List(open);
  this->fixture_.ExpireOpen(open);
  this->ReapAll();
  EXPECT_EQ(this->SendCode(TestCommit(client).Write(open, 0, Bytes(1, 1))), CommitCode::kObjectGone);
  EXPECT_EQ(this->SendCode(TestCommit(client).Bind("j", open)), CommitCode::kObjectGone);
  EXPECT_EQ(this->SendCode(TestCommit(client).Rehome(open, Bytes(100, 1), {{0, 100, before.extents.at(0).order, 0}},
                                                     before.extents)),
            CommitCode::kObjectGone);
  bool journaled = false;
  for (JournalPosition after; !journaled;) {
    ASSERT_OK_AND_ASSIGN(const auto page, this->ports_.journal.ReadJournal(TestContext(), after, 1000));
    ASSERT_FALSE(page.empty()) << "no REAP of the object in the journal";
    for (const JournalEntry& entry : page)
      journaled = journaled || (entry.kind == kJournalReap && entry.object == open);
    after = page.back().position;
  }
}

// ---- orphans -----------------------------------------------------------------------------------------------------------------

TYPED_TEST_P(GarbageContract, OrphanIsMarkedThenArmedThenConfirmed) {
  TestClient client = this->MakeClient();
  const EncodingId orphan = this->BornAgo(client, std::chrono::hours(25));
  EXPECT_TRUE(this->Marked({orphan}).empty());
  EXPECT_FALSE(this->Confirms(orphan));
  ASSERT_OK(this->garbage().SweepArm(TestContext()));
  EXPECT_TRUE(this->Confirms(orphan));
  EXPECT_FALSE(this->Confirms(orphan));                                // once
  EXPECT_EQ(this->Marked({orphan}), std::vector<EncodingId>{orphan});  // reported again
}

TYPED_TEST_P(GarbageContract, EncodingThatACommitMayStillUseIsNotSwept) {
  TestClient client = this->MakeClient();
  const EncodingId young = this->BornAgo(client, std::chrono::hours(23));
  this->Marked({young});
  ASSERT_OK(this->garbage().SweepArm(TestContext()));
  EXPECT_FALSE(this->Confirms(young));
}

TYPED_TEST_P(GarbageContract, ConfirmedTombstonesAreForgottenAfterThirtyDays) {
  TestClient client = this->MakeClient();
  const EncodingId orphan = this->BornAgo(client, std::chrono::hours(25));
  this->Marked({orphan});
  this->fixture_.AgeTombstone(orphan);
  this->ForgetTombstones();
  ASSERT_OK(this->garbage().SweepArm(TestContext()));
  EXPECT_TRUE(this->Confirms(orphan));  // one that is not confirmed stays, whatever its age
  this->ForgetTombstones();
  EXPECT_TRUE(this->Marked({orphan}).empty());  // forgotten, and marked anew
  ASSERT_OK(this->garbage().SweepArm(TestContext()));
  EXPECT_TRUE(this->Confirms(orphan));
  this->ForgetTombstones();
  EXPECT_EQ(this->Marked({orphan}), std::vector<EncodingId>{orphan});  // young
}

// ---- zeros -------------------------------------------------------------------------------------------------------------------

// I14. No byte and no size changes.
TYPED_TEST_P(GarbageContract, ZerosUpToTheLastTruncationGoIfNothingIsUnderOrOverThem) {
  TestClient client = this->MakeClient();
  const ObjectId object = client.NewObject();
  TestCommit trunc(client);
  ASSERT_EQ(this->SendCode(TestCommit(client).Creates(object).Zero(object, 0, 1000)), CommitCode::kOk);
  ASSERT_EQ(this->SendCode(TestCommit(client).Zero(object, 2000, 3000)), CommitCode::kOk);
  ASSERT_EQ(this->SendCode(trunc.Trunc(object, 9000)), CommitCode::kOk);
  ASSERT_EQ(this->SendCode(TestCommit(client).Zero(object, 4000, 5000)), CommitCode::kOk);
  ASSERT_EQ(this->SendCode(TestCommit(client).Write(object, 2500, Bytes(10, 1))), CommitCode::kOk);
  this->DropZeros();
  const ListReply list = this->List(object);
  ASSERT_EQ(list.extents.size(), 3U);  // bytes, the zeros under them, and zeros that are younger than the truncation
  for (const Extent& extent : list.extents) EXPECT_GE(extent.lo, 2000);
  EXPECT_EQ(list.size, 9000);
  EXPECT_EQ(list.zero_floor, trunc.last_order().hlc);
}

TYPED_TEST_P(GarbageContract, ZerosStayWhileOlderBytesAreLeft) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client);
  ASSERT_EQ(this->SendCode(TestCommit(client).Trunc(object, 500)), CommitCode::kOk);
  const ListReply before = this->List(object);
  this->DropZeros();
  EXPECT_EQ(this->List(object).zero_floor, 0);  // else no rehome could copy them any more
  TestCommit rehome(client);
  const Extent bytes = before.extents.at(before.extents[0].source.kind == SourceKind::kBody ? 0 : 1);
  EXPECT_EQ(this->Send(rehome.Rehome(object, Bytes(100, 1), {{0, 100, bytes.order, 0}}, {bytes})).removed, 1);
  ASSERT_EQ(this->SendCode(TestCommit(client).Write(object, 0, Bytes(100, 2))), CommitCode::kOk);
  this->DropZeros();
  const ListReply after = this->List(object);
  EXPECT_EQ(after.extents.size(), 1U);
  EXPECT_GT(after.zero_floor, 0);
  EXPECT_EQ(after.size, 500);
}

TYPED_TEST_P(GarbageContract, WhatDroppedZerosHadHiddenIsNotBroughtBack) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client);
  const std::vector<Extent> listed = this->List(object).extents;
  ASSERT_EQ(this->SendCode(TestCommit(client).Trunc(object, 0)), CommitCode::kOk);
  this->DropZeros();
  EXPECT_TRUE(this->List(object).extents.empty());
  TestCommit rehome(client);  // by somebody who had listed before
  EXPECT_EQ(this->SendCode(rehome.Rehome(object, Bytes(100, 1), {{0, 100, listed.at(0).order, 0}}, listed)),
            CommitCode::kOk);
  EXPECT_TRUE(this->List(object).extents.empty());
  EXPECT_EQ(this->Stat(object).size, 0);
}

TYPED_TEST_P(GarbageContract, HistoryShowsDroppedZerosAndKeepsTruncations) {
  this->bucket_ = this->MakeHistoryBucket();
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeNamed(client, "z");
  TestCommit zero(client), trunc(client), write(client);
  ASSERT_EQ(this->SendCode(zero.Zero(object, 100'000, 200'000)), CommitCode::kOk);
  ASSERT_EQ(this->SendCode(trunc.Trunc(object, 300'000)), CommitCode::kOk);
  ASSERT_EQ(this->SendCode(write.Write(object, 0, Bytes(5000, 2))), CommitCode::kOk);
  this->DropZeros();
  ListReply list = this->List(object);
  EXPECT_EQ(list.extents.size(), 2U);  // the bytes and the truncation
  EXPECT_EQ(list.zero_floor, zero.last_order().hlc);
  ASSERT_OK_AND_ASSIGN(list, this->TryList(this->bucket_, object, 0, 1 << 20, zero.last_order().hlc));
  EXPECT_EQ(list.extents.size(), 2U);  // the older bytes and the zeros
  EXPECT_EQ(list.size, 200'000);
  ASSERT_OK_AND_ASSIGN(list, this->TryList(this->bucket_, object, 0, 1 << 20, trunc.last_order().hlc));
  EXPECT_EQ(list.size, 300'000);
}

TYPED_TEST_P(GarbageContract, ObjectsWithZerosAreWalkedInPages) {
  TestClient client = this->MakeClient();
  std::vector<ObjectId> objects;
  for (int i = 0; i < 3; ++i) {
    objects.push_back(client.NewObject());
    ASSERT_EQ(this->SendCode(TestCommit(client).Creates(objects.back()).Trunc(objects.back(), 7)), CommitCode::kOk);
  }
  ObjectId after;
  while (true) {
    ASSERT_OK_AND_ASSIGN(const ZerosPage page, this->garbage().DropZeros(TestContext(), after, 1));
    if (!page.last) break;
    EXPECT_GT(*page.last, after);
    after = *page.last;
  }
  for (const ObjectId& object : objects) {
    EXPECT_TRUE(this->List(object).extents.empty());
    EXPECT_EQ(this->Stat(object).size, 7);
  }
}

// ---- the journal, and what is said of the collector ----------------------------------------------------------------------------

TYPED_TEST_P(GarbageContract, YoungEntriesOfTheJournalStay) {
  TestClient client = this->MakeClient();
  const ObjectId open = this->MakeObject(client);
  ASSERT_OK(this->garbage().DaysExpire(TestContext()));
  bool there = false;
  for (JournalPosition after; !there;) {
    ASSERT_OK_AND_ASSIGN(const auto page, this->ports_.journal.ReadJournal(TestContext(), after, 1000));
    ASSERT_FALSE(page.empty());
    for (const JournalEntry& entry : page) there = there || entry.object == open;
    after = page.back().position;
  }
}

TYPED_TEST_P(GarbageContract, WhatWaitsIsCounted) {
  TestClient client = this->MakeClient();
  ASSERT_OK_AND_ASSIGN(const GarbageState before, this->garbage().GetGarbage(TestContext()));
  EXPECT_FALSE(before.frozen());
  const ObjectId object = this->MakeNamed(client, "n"), open = this->MakeObject(client);
  this->Overwrite(client, object);
  this->fixture_.ExpireOpen(open);
  this->Delete(client, "n", object);
  this->Marked({this->BornAgo(client, std::chrono::hours(25))});
  ASSERT_OK_AND_ASSIGN(const GarbageState after, this->garbage().GetGarbage(TestContext()));
  EXPECT_EQ(after.bodies - before.bodies, 1);
  EXPECT_EQ(after.bytes - before.bytes, 5000 * 6 / 4);
  ASSERT_TRUE(after.since_ms);
  EXPECT_LE(*after.since_ms, after.now_ms);
  EXPECT_EQ(after.expired_objects - before.expired_objects, 1);
  EXPECT_EQ(after.unbound_objects - before.unbound_objects, 1);
  EXPECT_EQ(after.marked_encodings - before.marked_encodings, 1);
  this->PurgeMark();
  ASSERT_OK_AND_ASSIGN(const GarbageState purging, this->garbage().GetGarbage(TestContext()));
  EXPECT_GE(purging.purging_bodies, 1);
  EXPECT_LT(purging.bodies, after.bodies);
}

TYPED_TEST_P(GarbageContract, PassesAreAskedForAndReported) {
  ASSERT_OK(this->garbage().TakeRequest(TestContext()));
  ASSERT_OK(this->garbage().AskForPass(TestContext()));
  ASSERT_OK(this->garbage().AskForPass(TestContext()));
  ASSERT_OK_AND_ASSIGN(const GarbageState asked, this->garbage().GetGarbage(TestContext()));
  EXPECT_TRUE(asked.asked_ms);
  for (const bool want : {true, false}) {
    ASSERT_OK_AND_ASSIGN(const bool taken, this->garbage().TakeRequest(TestContext()));
    EXPECT_EQ(taken, want);
  }
  CollectorPass stores{"stores", 0, 12, "store 3: it is away", {}},
      catalog{"catalog", 0, 7, "", {{"bodies", 4}, {"objects", 0}}};
  ASSERT_OK(this->garbage().ReportPass(TestContext(), {"stores", 0, 1, "", {{"x", 1}}}));
  ASSERT_OK(this->garbage().ReportPass(TestContext(), stores));
  ASSERT_OK(this->garbage().ReportPass(TestContext(), catalog));
  ASSERT_OK_AND_ASSIGN(const GarbageState state, this->garbage().GetGarbage(TestContext()));
  EXPECT_FALSE(state.asked_ms);
  ASSERT_EQ(state.passes.size(), 2U);
  for (CollectorPass* pass : {&catalog, &stores}) {
    const CollectorPass& got = state.passes[pass == &catalog ? 0 : 1];
    EXPECT_GT(got.ended_ms, 0);  // the catalog's clock says when
    pass->ended_ms = got.ended_ms;
    EXPECT_EQ(got, *pass);
  }
}

TYPED_TEST_P(GarbageContract, LimitsArePositive) {
  EXPECT_CODE(this->garbage().HistoryExpire(TestContext(), 0), kInvalidArgument);
  EXPECT_CODE(this->garbage().Reap(TestContext(), 0), kInvalidArgument);
  EXPECT_CODE(this->garbage().DropRows(TestContext(), 0), kInvalidArgument);
  EXPECT_CODE(this->garbage().PurgeMark(TestContext(), {}, 0), kInvalidArgument);
  EXPECT_CODE(this->garbage().ListPurging(TestContext(), 0), kInvalidArgument);
  EXPECT_CODE(this->garbage().SweepConfirm(TestContext(), 0), kInvalidArgument);
  EXPECT_CODE(this->garbage().NamesExpire(TestContext(), 0), kInvalidArgument);
  EXPECT_CODE(this->garbage().DropZeros(TestContext(), {}, 0), kInvalidArgument);
  EXPECT_CODE(this->garbage().SweepForget(TestContext(), 0), kInvalidArgument);
}

REGISTER_TYPED_TEST_SUITE_P(
    GarbageContract, OverwrittenBodyIsPurgedAfterTheGrace, BodyThatAnotherObjectNamesStays,
    OverwrittenInlineBodyGoesAtOnce, BodyThatIsPurgedCannotBeNamedAgain, BodyThatIsPurgedIsNotWrappedAnew,
    SourcesOfARehomeStayForTheHold, EveryRowThatABodyLostIsWaitedFor, HistoryKeepsBodiesUntilItsFloorPasses,
    ObjectWithoutANameIsReapedOnceItsUnbindingIsBelowTheFloor, HistoryKeepsAnObjectWithoutANameUntilItsFloorPasses,
    OpenObjectIsReapedAfterItsTimeAndABoundOneIsNot, ObjectThatIsReferencedStays, PartsOfAnUploadStayUntilItGoes,
    ObjectsThatStayHoldUpNobody, ReapedObjectTakesNothingAndIsJournaled, OrphanIsMarkedThenArmedThenConfirmed,
    EncodingThatACommitMayStillUseIsNotSwept, PastNamesGoWithTheirHistory,
    VersionsStayAndWhatWasDroppedGoesBelowTheFloor, ConfirmedTombstonesAreForgottenAfterThirtyDays,
    ZerosUpToTheLastTruncationGoIfNothingIsUnderOrOverThem, ZerosStayWhileOlderBytesAreLeft,
    WhatDroppedZerosHadHiddenIsNotBroughtBack, HistoryShowsDroppedZerosAndKeepsTruncations,
    ObjectsWithZerosAreWalkedInPages, YoungEntriesOfTheJournalStay, WhatWaitsIsCounted, PassesAreAskedForAndReported,
    LimitsArePositive);

}  // namespace pbfs
