#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/adapters/grpc/port_pool.h"
#include "libs/catalog/enrolments.h"

namespace pbfs {

/// The Enrolments of one catalog server at the other end of the network. Threads: any.
class GrpcEnrolments final : public Enrolments {
 public:
  /// Connects lazily. `address`: host:port, as the server's certificate names it.
  GrpcEnrolments(const std::string& address, const TransportSecurity& security);
  ~GrpcEnrolments() override;
  Result<EnrolledStore> EnrolStore(const Context& context, const std::array<uint8_t, 16>& cluster) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Those of all catalogs of a site, as one (port_pool.h): each is asked once, in turn, until one answers. Threads: any.
class EnrolmentPool final : public Enrolments {
 public:
  EnrolmentPool(const std::vector<std::string>& addresses, const TransportSecurity& security, Duration attempt)
      : pool_(PortPool<Enrolments>::Connect<GrpcEnrolments>(addresses, security, attempt)) {}
  Result<EnrolledStore> EnrolStore(const Context& context, const std::array<uint8_t, 16>& cluster) override {
    return pool_.Ask(context, [&](const Context& attempt, Enrolments& to) { return to.EnrolStore(attempt, cluster); });
  }

 private:
  PortPool<Enrolments> pool_;
};

}  // namespace pbfs
