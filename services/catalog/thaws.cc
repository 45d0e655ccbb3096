#include "services/catalog/thaws.h"

#include <spdlog/spdlog.h>

namespace pbfs::catalog {

Thaws::Thaws(Timelines& timelines, FailoverManager& failovers, Duration period)
    : timelines_(timelines), failovers_(failovers), period_(period), thread_("thaws", [this] { Run(); }) {}

Thaws::~Thaws() {
  stop_.Stop();
  thread_.Join();
}

void Thaws::Run() {
  Status last;
  do {
    Status status = Look(Context::WithTimeout(period_));
    if (!status.ok() && status.message() != last.message()) spdlog::warn("{}", status.ToString());
    last = std::move(status);
  } while (stop_.Pause(period_));
}

Status Thaws::Look(const Context& context) {
  PBFS_ASSIGN_OR_RETURN(const Timelines::State state, timelines_.Load(context));
  if (state.thawed == state.now.timeline)
    return failovers_.Remember(context, state.now).Annotate("failovers cannot be judged");
  PBFS_RETURN_IF_ERROR(failovers_.Vouch(context, state.thawed, state.now)
                           .Annotate("destructive work is frozen until `pbfs-catalog thaw`"));
  PBFS_RETURN_IF_ERROR(timelines_.Thaw(context, state.thawed, state.now.timeline));
  spdlog::info("thawed timeline {}: no failover since timeline {} lost anything", state.now.timeline, state.thawed);
  return failovers_.Remember(context, state.now);
}

}  // namespace pbfs::catalog
