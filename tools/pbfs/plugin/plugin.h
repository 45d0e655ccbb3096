#pragma once

#include <functional>
#include <memory>
#include <string>

#include "libs/base/clock.h"
#include "tools/pbfs/plugin/kubectl.h"

namespace pbfs::plugin {

/// `kubectl pbfs ...`: clusters of a Kubernetes, as their objects say how they are. Whether the program was called so:
bool IsPluginName(const std::string& argv0);

/// What the plugin needs of its surroundings.
struct PluginWorld {
  std::function<std::unique_ptr<KubeUser>(const Kubectl::Options&)> open;
  const Clock& clock;
  std::function<void(const std::string&)> say;       // to stdout
  std::function<void(const std::string&)> complain;  // to stderr
};
/// Parses and runs; returns the exit code (exit_codes.h), kExitConflict where a cluster that was asked for is not ready.
int RunPlugin(int argc, const char* const* argv, const PluginWorld& world);

/// The same with kubectl.
int PluginMain(int argc, const char* const* argv);

}  // namespace pbfs::plugin
