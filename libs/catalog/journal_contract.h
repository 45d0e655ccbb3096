#pragma once

#include "libs/catalog/testing/catalog_fixture.h"

/// What every implementation of Journal keeps (catalog.h).
namespace pbfs {

template <typename Fixture>
class JournalContract : public CatalogContract<Fixture> {
 protected:
  /// All entries after `after`, read `limit` at a time.
  std::vector<JournalEntry> ReadAll(JournalPosition after, int32_t limit = 1000) {
    std::vector<JournalEntry> all;
    for (;;) {
      Result<std::vector<JournalEntry>> page = this->ports_.journal.ReadJournal(TestContext(), after, limit);
      EXPECT_OK(page);
      if (!page.ok() || page->empty()) return all;
      all.insert(all.end(), page->begin(), page->end());
      after = all.back().position;
    }
  }
  JournalPosition End() {
    const std::vector<JournalEntry> all = ReadAll({});
    return all.empty() ? JournalPosition{} : all.back().position;
  }
};
TYPED_TEST_SUITE_P(JournalContract);

TYPED_TEST_P(JournalContract, EntriesAreAllOpsInOrderWithTheirRecords) {
  const JournalPosition start = this->End();
  TestClient client = this->MakeClient();
  const ObjectId object = client.NewObject();
  std::vector<Buffer> records;
  TestCommit refused(client);
  for (int i = 0; i < 10; ++i) {
    TestCommit commit(client);
    commit.Creates(object).Zero(object, i, i + 1).Zero(object, i + 100, i + 101);
    ASSERT_EQ(this->SendCode(commit), CommitCode::kOk);
    ASSERT_EQ(this->SendCode(commit), CommitCode::kReplay);                                                 // no entry
    ASSERT_EQ(this->SendCode(TestCommit(client).Zero(client.NewObject(), 0, 1)), CommitCode::kObjectGone);  // nor here
    for (const Buffer& record : commit.request().records) records.push_back(record);
  }
  const std::vector<JournalEntry> entries = this->ReadAll(start);
  ASSERT_EQ(entries.size(), records.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    EXPECT_EQ(ToBytes(entries[i].record), ToBytes(records[i]));
    EXPECT_EQ(entries[i].kind, 2);
    EXPECT_EQ(entries[i].object, object);
    if (i > 0) {
      EXPECT_LT(entries[i - 1].position, entries[i].position);
    }
  }
}

TYPED_TEST_P(JournalContract, OpsOfOneCommitAreOneUnitAndStayOnOnePage) {
  const JournalPosition start = this->End();
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client);
  ASSERT_EQ(this->SendCode(TestCommit(client).Zero(object, 0, 1).Zero(object, 2, 3).Zero(object, 4, 5)),
            CommitCode::kOk);
  const std::vector<JournalEntry> whole = this->ReadAll(start), paged = this->ReadAll(start, 1);
  ASSERT_EQ(whole.size(), 4u);
  ASSERT_EQ(paged.size(), 4u);
  for (size_t i = 2; i < 4; ++i) {
    EXPECT_EQ(whole[i].position.xid, whole[1].position.xid);
    EXPECT_EQ(whole[i].part, whole[1].part);
  }
  const std::vector<JournalEntry> page = *this->ports_.journal.ReadJournal(TestContext(), whole[0].position, 1);
  EXPECT_EQ(page.size(), 3u);
}

TYPED_TEST_P(JournalContract, FloorRisesIsJournaledAndKept) {
  const JournalPosition start = this->End();
  ASSERT_OK_AND_ASSIGN(const Hlc floor, this->ports_.journal.AdvanceFloor(TestContext()));
  EXPECT_NEAR(static_cast<double>(HlcMillis(floor)), static_cast<double>(this->fixture_.clock().NowMillis() - 60'000),
              50'000);
  const std::vector<JournalEntry> entries = this->ReadAll(start);
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].kind, kJournalFloor);
  Hlc journaled = 0;
  for (const uint8_t byte : entries[0].payload.span()) journaled = journaled << 8 | byte;
  EXPECT_EQ(journaled, floor);
  EXPECT_GE(*this->ports_.journal.AdvanceFloor(TestContext()), floor);
}

REGISTER_TYPED_TEST_SUITE_P(JournalContract, EntriesAreAllOpsInOrderWithTheirRecords,
                            OpsOfOneCommitAreOneUnitAndStayOnOnePage, FloorRisesIsJournaledAndKept);

}  // namespace pbfs
