#include <algorithm>

#include <fmt/format.h>

#include "libs/base/sync.h"
#include "libs/runtime/connection.h"
#include "tools/pbfs/session.h"
#include "tools/pbfs/units.h"

/// What waits to be collected, and what the garbage collector did last (docs/operations/cluster.md).
namespace pbfs::cli {
namespace {

constexpr Duration kPoll = std::chrono::seconds(1);
constexpr Duration kPatience = std::chrono::seconds(25);  // of one look: all that waits is counted

struct GcArguments {
  bool now = false;
  bool wait = false;
};

Result<GarbageState> Look(Session& session, Connection& connection) {
  return connection.garbage().GetGarbage(session.context().Within(kPatience));
}

std::string Ago(int64_t now_ms, int64_t then_ms) {
  return FormatClock(std::chrono::milliseconds(std::max<int64_t>(0, now_ms - then_ms))) + " ago";
}

/// Why nothing is destroyed now; empty if it is not so.
std::string WhyFrozen(const GarbageState& state) {
  if (!state.frozen()) return {};
  return fmt::format(
      "frozen: PostgreSQL's primary is on timeline {}, and nothing is destroyed before it is known that timeline has "
      "every "
      "acknowledged commit (thawed: {}). The log of pbfs-catalog says why it does not thaw by itself; `pbfs-catalog "
      "thaw` is for "
      "a person who knows",
      state.timeline, state.thawed_timeline);
}

void SayWaiting(const Session& session, const GarbageState& state) {
  session.Say(fmt::format("{:>12} objects past their time, {} without a name, {} with rows to be dropped",
                          state.expired_objects, state.unbound_objects, state.reaped_objects));
  std::string since;
  if (state.since_ms)
    since = *state.since_ms <= state.now_ms ? fmt::format(", the first since {} ({})", FormatTime(*state.since_ms),
                                                          Ago(state.now_ms, *state.since_ms))
                                            : ", all held after a rehome";
  session.Say(fmt::format("{:>12} bodies that lost a row, {}{}", state.bodies, FormatSize(state.bytes), since));
  session.Say(fmt::format("{:>12} bodies whose fragments are being deleted", state.purging_bodies));
  session.Say(fmt::format("{:>12} encodings without a body, marked", state.marked_encodings));
}

void SayPass(const Session& session, const GarbageState& state, const CollectorPass& pass) {
  std::string line = fmt::format("  {:<10} {}, took {}:", pass.kind, Ago(state.now_ms, pass.ended_ms),
                                 FormatLatency(std::chrono::milliseconds(pass.took_ms)));
  bool nothing = true;
  for (const auto& [what, count] : pass.done) {
    if (count == 0) continue;
    line += fmt::format("{} {} {}", nothing ? "" : ",", count, what);
    nothing = false;
  }
  if (nothing && pass.trouble.empty()) line += " nothing to do";
  session.Say(line);
  if (!pass.trouble.empty()) session.Say("    failed: " + pass.trouble);
}

Json StateJson(const GarbageState& state) {
  Json passes = Json::array();
  for (const CollectorPass& pass : state.passes) {
    Json done = Json::object();
    for (const auto& [what, count] : pass.done) done[what] = count;
    passes.push_back({{"kind", pass.kind},
                      {"ended_ms", pass.ended_ms},
                      {"took_ms", pass.took_ms},
                      {"trouble", pass.trouble},
                      {"done", done}});
  }
  Json json = {{"frozen", state.frozen()},
               {"timeline", state.timeline},
               {"thawed_timeline", state.thawed_timeline},
               {"expired_objects", state.expired_objects},
               {"unbound_objects", state.unbound_objects},
               {"reaped_objects", state.reaped_objects},
               {"bodies", state.bodies},
               {"bytes", state.bytes},
               {"purging_bodies", state.purging_bodies},
               {"marked_encodings", state.marked_encodings},
               {"now_ms", state.now_ms},
               {"passes", passes}};
  if (state.since_ms) json["since_ms"] = *state.since_ms;
  if (state.asked_ms) json["asked_ms"] = *state.asked_ms;
  return json;
}

/// Until a pass of each kind has ended since then.
Status AwaitPasses(Session& session, Connection& connection, int64_t since_ms) {
  for (;;) {
    PBFS_ASSIGN_OR_RETURN(const GarbageState state, Look(session, connection));
    const auto ended = std::count_if(state.passes.begin(), state.passes.end(),
                                     [&](const CollectorPass& pass) { return pass.ended_ms > since_ms; });
    if (ended >= 3) return OkStatus();
    session.Note(state.asked_ms ? "waiting for a collector to take it up; does one run?" : "collecting");
    SleepFor(kPoll);  // a poll of other processes, until the context ends
    PBFS_RETURN_IF_ERROR(session.context().Check());
  }
}

Status ShowGarbage(Session& session, const GcArguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(Connection * connection, session.connection());
  if (arguments.now) {
    PBFS_ASSIGN_OR_RETURN(const GarbageState before, Look(session, *connection));
    PBFS_RETURN_IF_ERROR(connection->garbage().AskForPass(session.context().Within(kPatience)));
    if (arguments.wait) PBFS_RETURN_IF_ERROR(AwaitPasses(session, *connection, before.now_ms));
  }
  PBFS_ASSIGN_OR_RETURN(const GarbageState state, Look(session, *connection));
  if (state.frozen()) session.Say(WhyFrozen(state));
  SayWaiting(session, state);
  session.Say(state.passes.empty() ? "no collector has said anything yet" : "last passes:");
  for (const CollectorPass& pass : state.passes) SayPass(session, state, pass);
  if (state.asked_ms) session.Say("a pass is asked for: a collector that runs takes it up within some seconds");
  session.Report(StateJson(state));
  return OkStatus();
}

}  // namespace

void AddClusterGc(CommandLine& line, CLI::App* cluster) {
  auto arguments = std::make_shared<GcArguments>();
  CLI::App* command = line.Add("gc", "What waits to be collected, and what the garbage collector did last",
                               "  pbfs cluster gc\n  pbfs cluster gc --now --wait", cluster);
  CLI::Option* now = command->add_flag("--now", arguments->now, "Ask the collector for a pass over everything, now");
  command->add_flag("--wait", arguments->wait, "Until that pass is done")->needs(now);
  line.Run(command, [arguments](Session& session) { return ShowGarbage(session, *arguments); });
}

}  // namespace pbfs::cli
