#pragma once

#include <map>
#include <string>

#include "libs/base/random.h"
#include "libs/catalog/types.h"
#include "libs/format/keys.h"
#include "libs/fragments/fragment_store.h"

namespace pbfs::simulation {

/// A catalog without the keys that wants one client to believe what is not so. What it tells could be told by whoever holds the database:
/// rows changed, records made with other keys, bodies exchanged, and true answers of the past, though only those of which the client has
/// seen what came later: of others it cannot know (I28, I29).
class Liar {
 public:
  explicit Liar(Random& random);

  /// What the client was told and so knows.
  void NoteAcknowledged(const CommitRequest& request);
  void NoteShown(ObjectId object, const ListReply& list);
  void NoteShown(const NameEntry& entry);
  void ForgetClient();

  /// Changes an answer to a call that was made at `asked`; false if it finds nothing to change.
  bool Forge(const ListRequest& request, MonotonicTime asked, ListReply& list);
  bool Forge(MonotonicTime asked, NameEntry& entry);

 private:
  struct Known {  // an order that the client has been shown, and since when
    Hlc hlc = 0;
    MonotonicTime since;
  };
  static void Raise(Known& known, Hlc hlc);
  bool IsKnown(const Known& known, Hlc hlc, MonotonicTime asked) const;
  bool Tell(uint64_t kind, const ListRequest& request, MonotonicTime asked, ListReply& list);
  bool MoveAnExtent(int64_t lo, ListReply& list);
  bool Move(size_t which, int64_t lo, ListReply& list);
  bool ForgeRecord(ListReply& list);
  bool ExchangeBodies(ListReply& list);
  bool ShowThePast(const Known& known, MonotonicTime asked, ListReply& list);

  Random& random_;
  BucketKeys strange_;  // keys that are not the bucket's
  std::map<ObjectId, Known> objects_;
  std::map<std::string, Known> names_;                         // acknowledged
  std::map<std::string, std::vector<NameEntry>> old_entries_;  // that were shown
};

/// Puts wrong blocks under right checksums into the answer to a read; how many.
int64_t Forge(FragmentStore& store, const ReadRequest& request, ReadReply& reply);

}  // namespace pbfs::simulation
