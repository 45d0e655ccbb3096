#pragma once

#include "libs/client/client.h"
#include "libs/http/exchange.h"

namespace pbfs::gateway {

/// The port for those who look after a gateway, not for its clients: /healthz (the process serves) and /readyz (it reaches its site).
/// Threads: any.
class Admin final : public HttpHandler {
 public:
  explicit Admin(Client& client) : client_(client) {}
  void Handle(const Context& context, HttpExchange& exchange) override;
  std::pair<HttpResponse, std::string> Overloaded() const override;

 private:
  Client& client_;
};

}  // namespace pbfs::gateway
