#pragma once

#include "libs/kube/pod_probe.h"

namespace pbfs::kube {

/// Asks pods themselves, by libcurl: a connection for each call.
class DialingProbe final : public PodProbe {
 public:
  Result<uint32_t> HashOfFile(const Context& context, const std::string& address, const std::string& file) override;
  Result<std::string> Served(const Context& context, const std::string& address) override;
};

}  // namespace pbfs::kube
