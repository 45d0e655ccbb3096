#include "tests/simulation/scenes.h"

#include <algorithm>
#include <map>
#include <utility>

namespace pbfs::simulation {
namespace {

constexpr Duration kQuiet = std::chrono::minutes(2);  // of a call that nothing disturbs
constexpr Duration kDays = std::chrono::hours(60);
constexpr Duration kSecond = std::chrono::seconds(1);

}  // namespace

void Scenes::PlayOne() {
  if (!site_.findings.all().empty()) return;
  switch (random_.Below(7)) {
    case 0: return LateMachines();
    case 1: return TwoRowsOfABody();
    case 2: return ClockSetBack();
    case 3: return RehomeInABurst();
    case 4: return StoresGoneBeforeCommit();
    case 5: return LossAfterFewReceipts();
    default: return LyingCatalog();
  }
}

// ---- garbage -----------------------------------------------------------------------------------------------------------------

// Two machines are suspended after they listed an object: one before it reads the fragments, one before it commits its clone. They wake
// while a body that they know is purged, by a collector that is suspended amid its round.
void Scenes::LateMachines() {
  Bucket bucket = Open(parts_.writer);
  const std::string name = NewName(), clones_name = NewName();
  const Bytes old = DrawBytes(5000, 15000), fresh = DrawBytes(old.size(), 1);
  const Written put = Put(bucket, name, old);
  const auto reader = PatientMachine(), cloner = PatientMachine();
  Bucket readers = Open(*reader), cloners = Open(*cloner);

  const MonotonicTime overwritten = MonotonicNow() + kSecond, queued = overwritten + Kept() + kSecond;
  const MonotonicTime purged = queued + kGrace + 2 * kSecond;
  reader->StoresSleepUntil(purged + Between({}, 8 * kSecond));
  cloner->SleepBeforeCall(2, purged + Between(kSecond / 2, 4 * kSecond));
  Thread late_reader("late reader", [&] { Read(readers, put.object, {old, fresh}); });
  Result<Written> clone = AbortedError("not made");
  Thread late_cloner("late cloner",
                     [&] { clone = cloners.Clone(Context::WithTimeout(kDays), put.object, clones_name); });
  SleepUntil(overwritten);
  Fails("a write", bucket.Write(Context::WithTimeout(kQuiet), put.object, 0, ByteSpan(fresh)).status());
  SleepUntil(queued);
  parts_.collector.Round();
  SleepUntil(purged);
  parts_.collector.link.calls_until_sleep = 6 + static_cast<int>(random_.Below(4));
  parts_.collector.link.wakes = purged + 5 * kSecond;
  parts_.collector.Round();
  parts_.collector.link = Link{};
  late_reader.Join();
  late_cloner.Join();
  parts_.collector.Round();
  if (!Fails("a clone", clone.status())) Read(bucket, clone->object, {old, fresh});
  for (const std::string& bound : {name, clones_name}) Unbind(bucket, bound);
}

// A body has rows of two objects, and loses them one after the other: its grace is that of the second, and what the past of the second
// shows can be read until the floor has passed it.
void Scenes::TwoRowsOfABody() {
  Bucket bucket = Open(parts_.writer);
  const bool history = parts_.settings.history_ms > 0;
  const std::string names[] = {NewName(), NewName()};
  const Bytes bytes = DrawBytes(5000, 15000);
  const Written first = Put(bucket, names[0], bytes);
  const auto second = bucket.Clone(Context::WithTimeout(kQuiet), first.object, names[1]);
  if (Fails("a clone", second.status())) return;
  const bool beyond = history && random_.Below(3) > 0;  // the first grace
  const Duration gap =
      beyond ? Between(kGrace + 3 * kSecond, kGrace + 8 * kSecond) : Between(kPatience + kSecond, kGrace - kSecond);

  Overwrite(bucket, first);
  std::optional<Hlc> as_of;
  if (history) {
    const MonotonicTime forgotten = MonotonicNow() + Kept();
    SleepFor(gap);
    as_of = HlcFromMillis(site_.catalog_clock.NowMillis());
    Overwrite(bucket, *second);
    SleepUntil(forgotten);
  }
  bool over = false;
  Thread collector("collector", [&] {
    for (; !over; SleepFor(kSecond / 2)) parts_.collector.Round();
  });
  const MonotonicTime last = MonotonicNow() + gap - kSecond / 4;
  for (Duration pause = {}; MonotonicNow() + pause < last; pause = Between(kSecond, 3 * kSecond)) {
    SleepFor(pause);
    Read(bucket, second->object, {bytes}, as_of);
  }
  SleepUntil(last);
  Read(bucket, second->object, {bytes}, as_of);
  if (!history) Overwrite(bucket, *second);
  SleepFor(kGrace + 2 * kSecond);
  over = true;
  collector.Join();
  for (const std::string& bound : names) Unbind(bucket, bound);
}

// ---- commits -----------------------------------------------------------------------------------------------------------------

// The database's clock is set back, so that what is written now is ahead of time; copies of the commits arrive when it is not any more.
void Scenes::ClockSetBack() {
  ClientMachine& writer = parts_.writer;
  Bucket bucket = Open(writer);
  site_.catalog_clock.SetError(static_cast<int64_t>(random_.Below(2'000'000)));
  parts_.workload.Put(writer, bucket, Workload::DrawName(random_));
  site_.catalog_clock.SetError(-1 - static_cast<int64_t>(random_.Below(2'000'000)));
  writer.catalog_link.double_request = 0.7;
  writer.catalog_link.delay_max = std::chrono::milliseconds(500);
  for (int write = 0; write < 3; ++write) parts_.workload.PatchMain(writer, bucket);
  SleepFor(20 * kSecond);
  writer.Heal();
}

// Small writes come quicker than a rehome from afar lists and commits.
void Scenes::RehomeInABurst() {
  ClientMachine& far = parts_.other;
  Bucket bucket = Open(parts_.writer), fars = Open(far);
  far.catalog_link.delay_max = std::chrono::milliseconds(15);
  bool over = false;
  Thread burst("burst", [&] {
    while (!over) parts_.workload.PatchNearby(parts_.writer, bucket);
  });
  for (int rehome = 0; rehome < 3; ++rehome) parts_.workload.MergeMain(far, fars);
  over = true;
  burst.Join();
  far.Heal();
}

// A machine is suspended between an upload and its commit, and meanwhile stores that took the upload are emptied of all that the catalog
// knows, and removed.
void Scenes::StoresGoneBeforeCommit() {
  const auto late = PatientMachine();
  Bucket lates = Open(*late), bucket = Open(parts_.writer);
  const std::string name = NewName();
  const Bytes bytes = DrawBytes(5000, 20000);
  const std::set<EncodingId> before = AllEncodings();
  late->SleepBeforeCall(1, MonotonicNow() + std::chrono::minutes(50));
  Written put;
  Thread upload("late upload", [&] { put = Put(lates, name, bytes); });
  SleepFor(kSecond);
  std::vector<StoreId> holders = HoldersOfOthers(before);
  for (int removed = 0; removed < 3 && !holders.empty(); ++removed) {
    const bool replaced = parts_.administrator.Replace(TakeOne(holders));
    site_.findings.AddIf(!replaced, "a store that nobody needs cannot be removed");
  }
  upload.Join();
  parts_.await_whole();
  Read(bucket, put.object, {bytes});
  Unbind(bucket, name);
}

// While a few bodies are put, two stores cannot be reached, others for each; and then one that took some loses what it has.
void Scenes::LossAfterFewReceipts() {
  ClientMachine& writer = parts_.writer;
  Bucket bucket = Open(writer);
  const std::set<EncodingId> before = AllEncodings();
  std::map<std::string, std::pair<Written, Bytes>> objects;
  for (int body = 0; body < 3; ++body) {
    const std::string name = NewName();
    const Bytes bytes = DrawBytes(17000, 3000);
    for (int cut = 0; cut < 2; ++cut) writer.stores[parts_.administrator.DrawStoreInService()->id].cut = true;
    const auto put = bucket.Put(Context::WithTimeout(kQuiet), name, ByteSpan(bytes));
    writer.Heal();
    if (put.ok()) objects[name] = {*put, bytes};
    if (put.status().code() != StatusCode::kUnavailable) Fails("a put", put.status());
  }
  std::vector<StoreId> holders = HoldersOfOthers(before);
  if (holders.empty()) return;
  Lose(*site_.FindStore(TakeOne(holders)));
  parts_.await_whole();
  for (const auto& [name, object] : objects) {
    Read(bucket, object.first.object, {object.second});
    Unbind(bucket, name);
  }
}

// ---- lies --------------------------------------------------------------------------------------------------------------------

// A catalog without keys lies to a client that has just seen, or been told, the truth. What it reads another one writes: what it had
// written itself it would miss, wherever a lie has moved it.
void Scenes::LyingCatalog() {
  constexpr Duration kMoment = std::chrono::milliseconds(30);  // that a client takes to learn
  ClientMachine& deceived = parts_.other;
  Bucket bucket = Open(parts_.writer), shown = Open(deceived);
  deceived.catalog_link.lie = 0.5;
  const std::string name = Workload::DrawName(random_);
  for (int round = 0; round < 6; ++round) {
    parts_.workload.PatchMain(parts_.writer, bucket);
    parts_.workload.Put(deceived, shown, name);
    for (int look = 0; look < 2; ++look) {
      SleepFor(kMoment);
      parts_.workload.LookAtMain(deceived, shown);
      parts_.workload.Find(deceived, shown, name);
    }
  }
  deceived.Heal();
}

// Both have shards of one body.
void Scenes::LossAmidLies() {
  if (!site_.findings.all().empty()) return;
  SimulatedStore& lost = *parts_.administrator.DrawStoreInService();
  const std::set<EncodingId> encodings = Encodings(lost);
  if (encodings.empty()) return;
  const EncodingId drawn = *std::next(encodings.begin(), static_cast<ptrdiff_t>(random_.Below(encodings.size())));
  std::vector<StoreId> others;
  for (const auto& store : site_.stores) {
    if (store->id != lost.id && Encodings(*store).contains(drawn)) others.push_back(store->id);
  }
  if (others.empty()) return;
  Lose(lost);
  parts_.repairer.stores[TakeOne(others)].lie = 0.8;
  for (int round = 0; round < 3; ++round) parts_.repairer.Round();
  parts_.repairer.stores.Heal();
  parts_.await_whole();
}

// ---- helpers -----------------------------------------------------------------------------------------------------------------

Bucket Scenes::Open(ClientMachine& machine) {
  auto bucket = machine.client().OpenBucket(Context::WithTimeout(kQuiet), parts_.settings.name);
  PBFS_CHECK(bucket.ok());
  return *std::move(bucket);
}

std::unique_ptr<ClientMachine> Scenes::PatientMachine() {
  return std::make_unique<ClientMachine>(site_, random_.Below(1'000'000'000), 0, true);
}

Written Scenes::Put(Bucket& bucket, const std::string& name, const Bytes& bytes) {
  const auto put = bucket.Put(Context::WithTimeout(kDays), name, ByteSpan(bytes));
  return Fails("a put", put.status()) ? Written() : *put;
}

void Scenes::Overwrite(Bucket& bucket, const Written& object) {
  const Bytes bytes = DrawBytes(static_cast<size_t>(object.hi - object.lo), 1);
  Fails("a write", bucket.Write(Context::WithTimeout(kQuiet), object.object, 0, ByteSpan(bytes)).status());
}

void Scenes::Read(Bucket& bucket, ObjectId object, const std::vector<Bytes>& allowed, std::optional<Hlc> as_of) {
  Bytes bytes(allowed[0].size());
  const auto got = bucket.Read(Context::WithTimeout(kDays), object, 0, bytes, {as_of});
  if (Fails("a read", got.status())) return;
  const bool known =
      *got == static_cast<int64_t>(bytes.size()) && std::find(allowed.begin(), allowed.end(), bytes) != allowed.end();
  site_.findings.AddIf(!known, "in a scene other bytes are read than there ever were");
}

void Scenes::Unbind(Bucket& bucket, const std::string& name) {
  Fails("an unbind", bucket.Unbind(Context::WithTimeout(kQuiet), name).status());
}

bool Scenes::Fails(const char* what, const Status& status) {
  if (!status.ok()) site_.findings.Add(std::string("in a quiet network ") + what + " fails: " + status.ToString());
  return !status.ok();
}

Bytes Scenes::DrawBytes(size_t least, size_t more) {
  Bytes bytes(least + random_.Below(more));
  random_.Fill(bytes);
  return bytes;
}

Duration Scenes::Between(Duration least, Duration most) {
  return least + Duration(static_cast<int64_t>(random_.Below(static_cast<uint64_t>((most - least).count()))));
}

std::set<EncodingId> Scenes::Encodings(SimulatedStore& store) {
  std::set<EncodingId> encodings;
  for (const FragmentInfo& fragment : site_.FragmentsOf(store)) encodings.insert(fragment.key.encoding);
  return encodings;
}

std::set<EncodingId> Scenes::AllEncodings() {
  std::set<EncodingId> all;
  for (const auto& store : site_.stores) all.merge(Encodings(*store));
  return all;
}

std::vector<StoreId> Scenes::HoldersOfOthers(const std::set<EncodingId>& known) {
  std::vector<StoreId> holders;
  for (const auto& store : site_.stores) {
    const std::set<EncodingId> encodings = Encodings(*store);
    if (!std::includes(known.begin(), known.end(), encodings.begin(), encodings.end())) holders.push_back(store->id);
  }
  return holders;
}

StoreId Scenes::TakeOne(std::vector<StoreId>& stores) {
  const auto drawn = stores.begin() + static_cast<ptrdiff_t>(random_.Below(stores.size()));
  const StoreId taken = *drawn;
  stores.erase(drawn);
  return taken;
}

void Scenes::Lose(SimulatedStore& store) {
  for (const FragmentInfo& fragment : site_.FragmentsOf(store)) (void)store.disk->Lose(fragment.key);
  (void)site_.catalog.Recheck(Context());
}

}  // namespace pbfs::simulation
