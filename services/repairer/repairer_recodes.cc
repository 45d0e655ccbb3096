#include <algorithm>

#include <spdlog/spdlog.h>

#include "libs/format/body.h"
#include "libs/model/scheme.h"
#include "services/repairer/repairer.h"

/// The part of a Repairer that encodes bodies anew.
namespace pbfs::repairer {
namespace {

constexpr size_t kAtOnce = 16;          // bodies between two looks at the clock
constexpr int32_t kCountPage = 10'000;  // bodies looked at in one call

int64_t LengthOf(const EncodedBody& body) {
  const Result<BodyHeader> header = BodyHeader::Decode(body.header);
  return header.ok() ? header->length : 0;
}

// Somebody else was faster, or the body is gone: its fragments of this encoding are orphans.
bool IsNoMatter(const Status& status) {
  return status.code() == StatusCode::kAborted || status.code() == StatusCode::kNotFound;
}

}  // namespace

Result<RecodePass> Repairer::RecodeBuckets(const Context& context) {
  RecodePass pass;
  if (ports_.recodes == nullptr) return pass;
  PBFS_ASSIGN_OR_RETURN(const std::vector<Recoding> recodings, ports_.recodes->ListRecodings(context));
  const Context slice = context.Within(options_.recode_slice);
  std::map<BucketId, Round> rounds;
  for (const Recoding& recoding : recodings) {
    Round& round = rounds[recoding.bucket];
    if (const auto known = rounds_.find(recoding.bucket); known != rounds_.end()) round = std::move(known->second);
    if (round.changed_ms != recoding.changed_ms) round = {recoding.changed_ms};
  }
  rounds_ = std::move(rounds);  // buckets that are gone, with their rounds
  for (const Recoding& recoding : recodings) {
    Round& round = rounds_[recoding.bucket];
    if (MonotonicNow() < round.next) continue;
    if (!round.begun) PBFS_RETURN_IF_ERROR(BeginRound(context, recoding, round));
    while (round.begun && MonotonicNow() < slice.deadline()) {
      PBFS_RETURN_IF_ERROR(context.Check());
      PBFS_RETURN_IF_ERROR(RecodeSome(context, recoding, round, pass));
    }
    pass.more |= round.begun;
  }
  return pass;
}

Status Repairer::BeginRound(const Context& context, const Recoding& recoding, Round& round) {
  PBFS_ASSIGN_OR_RETURN(const BodyCount left, CountOtherwise(context, recoding.bucket));
  round = {recoding.changed_ms};
  round.left = left;
  round.begun = true;
  if (left.bodies == 0) return EndRound(context, recoding, round);
  return ports_.recodes->NoteLeft(context, recoding.bucket, recoding.changed_ms, left);
}

Result<BodyCount> Repairer::CountOtherwise(const Context& context, BucketId bucket) {
  BodyCount count;
  BucketPosition after;
  for (bool more = true; more;) {
    PBFS_ASSIGN_OR_RETURN(const OtherwisePage page, ports_.recodes->ListOtherwise(context, bucket, after, kCountPage));
    for (const EncodedBody& body : page.bodies) ++count.bodies, count.bytes += LengthOf(body);
    after = page.last;
    more = page.more;
  }
  return count;
}

// What could not be done is tried again in the next pass but a few.
Status Repairer::EndRound(const Context& context, const Recoding& recoding, Round& round) {
  round.begun = false;
  round.next = MonotonicNow() + (round.failed.bodies > 0 ? options_.silence : options_.recode_every);
  return ports_.recodes->NoteLeft(context, recoding.bucket, recoding.changed_ms, round.failed);
}

Status Repairer::RecodeSome(const Context& context, const Recoding& recoding, Round& round, RecodePass& pass) {
  if (round.pending.empty()) {
    if (round.at_end) return EndRound(context, recoding, round);
    PBFS_ASSIGN_OR_RETURN(OtherwisePage page,
                          ports_.recodes->ListOtherwise(context, recoding.bucket, round.after, options_.page));
    round.pending = std::move(page.bodies);
    round.after = page.last;
    round.at_end = !page.more;
    return OkStatus();
  }
  const auto end = round.pending.begin() + static_cast<ptrdiff_t>(std::min(kAtOnce, round.pending.size()));
  const std::vector<EncodedBody> some(round.pending.begin(), end);
  round.pending.erase(round.pending.begin(), end);
  PBFS_RETURN_IF_ERROR(RecodeBodies(context, recoding, some, round, pass));
  return ports_.recodes->NoteLeft(context, recoding.bucket, recoding.changed_ms,
                                  {std::max<int64_t>(1, round.left.bodies), round.left.bytes});  // none only at the end
}

Status Repairer::RecodeBodies(const Context& context, const Recoding& recoding, const std::vector<EncodedBody>& bodies,
                              Round& round, RecodePass& pass) {
  PBFS_ASSIGN_OR_RETURN(const ClusterMap map, ports_.groups.WatchMap(context, -1));
  PBFS_ASSIGN_OR_RETURN(const TokenBytes token, Token(context));
  const RepairSite site = SiteOf(map, token);
  std::vector<BodyRecode> done(bodies.size());
  ParallelFor(ports_.executor, bodies.size(), [&](size_t i) {
    done[i].status = context.Check();
    if (done[i].status.ok()) done[i] = RecodeOne(context, site, recoding, bodies[i]);
  });
  std::vector<Shard> lost;
  for (size_t i = 0; i < bodies.size(); ++i) {
    const BodyRecode& recode = done[i];
    const EncodingId encoding = bodies[i].encoding.id;
    const BodyCount one{1, LengthOf(bodies[i])};
    for (const uint8_t shard : recode.lost) lost.push_back({encoding, shard});
    for (const StoreId liar : recode.liars)
      spdlog::warn("store {} has a wrong fragment of body {} under a good checksum", liar.value,
                   bodies[i].body.ToString());
    if (recode.suspect) PBFS_RETURN_IF_ERROR(ports_.repairs.ReportSuspect(context, encoding));
    const bool over = recode.status.ok() || IsNoMatter(recode.status);
    BodyCount& count = over ? round.left : round.failed;
    count.bodies += over ? -one.bodies : one.bodies;
    count.bytes += over ? -one.bytes : one.bytes;
    pass.bodies += recode.status.ok() ? 1 : 0;
    pass.left += over ? 0 : 1;
    if (!over && pass.trouble.ok()) pass.trouble = recode.status;
    pass.bytes_read += recode.bytes_read;
    pass.bytes_written += recode.bytes_written;
    pass.suspects += recode.suspect ? 1 : 0;
  }
  return lost.empty() ? OkStatus() : ports_.repairs.MarkMissing(context, lost);
}

BodyRecode Repairer::RecodeOne(const Context& context, const RepairSite& site, const Recoding& recoding,
                               const EncodedBody& body) {
  const Scheme scheme = SchemeFor(recoding.k, recoding.m, LengthOf(body));
  BodyRecode recode;
  const Result<uint16_t> group = ChooseGroupLike(body.encoding.id, scheme.n, recoding.m, site, *ports_.random);
  recode.status = group.status();
  if (!group.ok()) return recode;
  const Encoding encoding{NewEncodingId(ports_.clock.NowMillis(), *group, *ports_.random),
                          static_cast<uint8_t>(scheme.k == 1 ? 1 : 2), scheme.k, scheme.n};
  recode = RecodeBody(context, site, body, encoding);
  if (recode.status.ok())
    recode.status = ports_.recodes->SetEncoding(context, {body.body, body.encoding.id, encoding, recode.receipts});
  return recode;
}

}  // namespace pbfs::repairer
