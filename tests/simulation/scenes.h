#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/faults.h"
#include "tests/simulation/machines.h"
#include "tests/simulation/workload.h"

namespace pbfs::simulation {

/// Short plays of two or three machines while all is whole and nobody else is at work. Each brings about what days of random trouble
/// hardly ever do, so that rules which matter only then are held as well; who, how much and when is drawn. A scene does nothing that the
/// site need not bear. What it does to the main object and to names of others goes into the record of the workload; of its own objects it
/// knows the bytes, and in a network that does all it should no call may fail.
class Scenes {
 public:
  struct Parts {
    Site& site;
    ClientMachine& writer;
    ClientMachine& other;
    CollectorMachine& collector;
    RepairerMachine& repairer;
    Administrator& administrator;
    Workload& workload;
    const BucketSettings& settings;
    Random& random;
    std::function<void()> await_whole;  // repairs until nothing is missing
  };
  explicit Scenes(const Parts& parts) : parts_(parts), site_(parts.site), random_(parts.random) {}

  void PlayOne();
  /// A store loses what it has while another lies to the repairer.
  void LossAmidLies();

 private:
  void LateMachines();
  void TwoRowsOfABody();
  void ClockSetBack();
  void RehomeInABurst();
  void StoresGoneBeforeCommit();
  void LossAfterFewReceipts();
  void LyingCatalog();

  Bucket Open(ClientMachine& machine);
  /// A further machine, which waits for days.
  std::unique_ptr<ClientMachine> PatientMachine();
  Written Put(Bucket& bucket, const std::string& name, const Bytes& bytes);
  void Overwrite(Bucket& bucket, const Written& object);
  void Read(Bucket& bucket, ObjectId object, const std::vector<Bytes>& allowed, std::optional<Hlc> as_of = {});
  void Unbind(Bucket& bucket, const std::string& name);
  /// True, and a finding, if it failed.
  bool Fails(const char* what, const Status& status);

  Bytes DrawBytes(size_t least, size_t more);
  Duration Between(Duration least, Duration most);
  std::string NewName() { return "scene" + std::to_string(++names_); }
  /// How long the past keeps what was overwritten.
  Duration Kept() const { return std::chrono::milliseconds(parts_.settings.history_ms); }
  std::set<EncodingId> Encodings(SimulatedStore& store);
  std::set<EncodingId> AllEncodings();
  /// Stores that have fragments of others than these.
  std::vector<StoreId> HoldersOfOthers(const std::set<EncodingId>& known);
  StoreId TakeOne(std::vector<StoreId>& stores);
  void Lose(SimulatedStore& store);

  const Parts parts_;
  Site& site_;
  Random& random_;
  int names_ = 0;
};

}  // namespace pbfs::simulation
