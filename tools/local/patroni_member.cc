#include "tools/local/patroni_member.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include "tools/local/files.h"

namespace pbfs::local {
namespace {

std::string DataOf(const ManagedProcess& member) { return member.data + "/data"; }

bool IsAboutTheMachine(int signal) {
  return signal == SIGKILL || signal == SIGQUIT || signal == SIGABRT || signal == SIGSTOP || signal == SIGCONT;
}

/// Everything that a member runs but what Patroni started itself; Patroni first: it would start again what it sees end.
std::vector<ProcessRef> ProcessesOf(const ManagedProcess& member) {
  std::vector<ProcessRef> all;
  if (IsAlive(member.process)) all.push_back(member.process);
  if (const auto postmaster = PostmasterOf(member)) {
    all.push_back(*postmaster);
    for (const ProcessRef& child : ChildrenOf(*postmaster)) all.push_back(child);
  }
  return all;
}

}  // namespace

std::optional<ProcessRef> PostmasterOf(const ManagedProcess& member) {
  const auto file = ReadTextFile(DataOf(member) + "/postmaster.pid");
  if (!file.ok()) return std::nullopt;
  const auto process = FindProcess(std::atoi(file->c_str()));
  if (!process || !IsAlive(*process)) return std::nullopt;
  // The file may be an old one, and its pid somebody else's by now.
  const auto command = ReadTextFile(fmt::format("/proc/{}/cmdline", process->pid));
  const bool ours = command.ok() && command->find(DataOf(member)) != std::string::npos;
  return ours ? process : std::nullopt;
}

bool IsPrimaryByFiles(const ManagedProcess& member) {
  return access((DataOf(member) + "/standby.signal").c_str(), F_OK) != 0;
}

Result<std::vector<ProcessRef>> SignalMember(const ManagedProcess& member, int signal) {
  if (!IsAboutTheMachine(signal)) {
    PBFS_RETURN_IF_ERROR(SendSignal(member.process, signal));
    return std::vector<ProcessRef>{member.process};
  }
  SignalSession(member.process, signal);  // with Patroni what it runs: pg_rewind, pg_basebackup
  const auto postmaster = PostmasterOf(member);
  // A stopped postmaster has no new children; those of a killed one are nobody's.
  if (postmaster && (signal == SIGKILL || signal == SIGSTOP)) (void)SendSignal(*postmaster, SIGSTOP);
  std::vector<ProcessRef> all = ProcessesOf(member);
  if (all.empty()) return NotFoundError(member.name + " has ended");
  for (const ProcessRef& process : all) {
    const Status sent = SendSignal(process, signal);
    if (!sent.ok() && sent.code() != StatusCode::kNotFound) return sent;
  }
  return all;
}

Status StopMembers(const Context& context, const std::vector<const ManagedProcess*>& members, bool abruptly,
                   Duration grace) {
  for (const ManagedProcess* member : members) {
    (void)SignalMember(*member, SIGCONT).status();
    SignalSession(member->process, SIGKILL);
    PBFS_RETURN_IF_ERROR(AwaitExit(context, member->process));
  }
  std::vector<const ManagedProcess*> in_order = members;
  std::stable_partition(in_order.begin(), in_order.end(), [](const auto* m) { return IsPrimaryByFiles(*m); });
  const int signal = abruptly ? SIGQUIT : SIGINT;
  if (abruptly)
    for (const ManagedProcess* member : in_order) (void)SignalMember(*member, signal).status();
  for (const ManagedProcess* member : in_order)
    if (const auto postmaster = PostmasterOf(*member))
      PBFS_RETURN_IF_ERROR(StopProcess(context, *postmaster, signal, grace));
  return OkStatus();
}

}  // namespace pbfs::local
