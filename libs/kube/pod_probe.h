#pragma once

#include <string>

#include "libs/base/context.h"
#include "libs/base/result.h"

namespace pbfs::kube {

/// The port to what processes in pods really have and show of certificates: not what the Secrets hold, until kubelets and processes have
/// read them. Blocking, bounded by context.deadline. Threads: any. Implementations: TwinProbe, DialingProbe.
class PodProbe {
 public:
  virtual ~PodProbe() = default;
  /// The hash (FileHash) of a file as the process has it whose metrics page is at `address`, "host:port".
  /// Errors: NOT_FOUND it says nothing of this file; UNAVAILABLE, DEADLINE_EXCEEDED.
  virtual Result<uint32_t> HashOfFile(const Context& context, const std::string& address, const std::string& file) = 0;
  /// The fingerprint of the certificate that a server shows. It is only looked at, not trusted. Errors: UNAVAILABLE, DEADLINE_EXCEEDED.
  virtual Result<std::string> Served(const Context& context, const std::string& address) = 0;
};

}  // namespace pbfs::kube
