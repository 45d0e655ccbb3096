#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "tests/simulation/machines.h"

namespace pbfs::simulation {

/// What goes wrong on one day besides the network. One kind a day: what several together do to a body is more than it was made to bear.
enum class Trouble {
  kMembership,  // stores are drained, removed, replaced, taken for dead; one loses what it has
  kRot,         // one store flips bits on its disk, on the way to it, and in what it answers
  kLies,        // one store and the catalog lie to clients and to the repairer
};

/// The network of a day: cuts off up to two stores for everybody, or a client from everything; makes links lossy and slow; lets clients crash
/// and machines be suspended; fails the database over to a machine whose clock is off; fills up stores. Ends healed.
void DisturbNetwork(Site& site, std::vector<std::unique_ptr<ClientMachine>>& machines, RepairerMachine& repairer,
                    Trouble trouble, Random& random);
/// Everything can be reached, nothing is lost or changed on its way. Nobody works on a machine that crashed.
void Heal(Site& site, std::vector<std::unique_ptr<ClientMachine>>& machines);

/// An administrator who takes stores out of service and back. On some days drained ones are removed, and new ones take their places; on
/// others a store that is in service loses what it has, once. Not both on one day: an upload in flight may have five receipts, and needs
/// four of those who gave them.
class Administrator {
 public:
  Administrator(Site& site, RepairerMachine& repairer, Random& random)
      : site_(site), repairer_(repairer), random_(random) {}
  void Act();
  /// Drains a store until it is not needed any more, and has a new one take its place. False if that does not come about.
  bool Replace(StoreId id);
  /// Any that was not removed.
  SimulatedStore* DrawStoreInService();
  /// The evening: whatever is away comes back.
  void BringBack();
  int lost_fragments = 0;
  /// Another day may bring another loss. Whether this one did.
  bool EndDay() {
    removed_today_ = false;
    return std::exchange(lost_today_, false);
  }

 private:
  void TakeAway();
  bool Remove(StoreId id);
  void ThrowAway(SimulatedStore& store);
  void LoseContent();

  Site& site_;
  RepairerMachine& repairer_;
  Random& random_;
  StoreId away_;
  bool draining_ = false;
  bool lost_today_ = false, removed_today_ = false;
};

/// A disk that goes bad.
class RottenDisk {
 public:
  RottenDisk(Site& site, Random& random);
  /// Flips bits of some fragments, and begins or ends flipping those on their way.
  void Rot();
  /// From now on it behaves; what has rotted stays so until it is found.
  void Stop();

 private:
  Site& site_;
  Random& random_;
  SimulatedStore* store_;
};

/// Every store reads all that it has, and so knows what is rotten.
void ScrubAll(Site& site);

}  // namespace pbfs::simulation
