#pragma once

#include <memory>
#include <string>

#include "libs/client/testing/twin_site.h"
#include "libs/http/memory_exchange.h"
#include "libs/s3/checksum.h"
#include "libs/s3/dates.h"
#include "libs/s3/signature.h"
#include "services/gateway/gateway.h"

namespace pbfs::gateway {

/// A gateway over a site in memory, and signed requests to it.
class GatewayTest : public testing::Test {
 protected:
  explicit GatewayTest(GatewayOptions options = {}, const ClientOptions& client = {})
      : site_(clock_),
        client_(site_.MakeClient(client)),
        documents_(*client_),
        keys_(documents_, clock_),
        gateway_(WithDomain(std::move(options)), {*client_, keys_, documents_, clock_, site_.random,
                                                  [this](const Served& served) { served_ = served; }}) {
    EXPECT_OK(documents_.Create(TestContext()));
    auto key = keys_.Create(TestContext(), "alice", site_.random);
    EXPECT_OK(key);
    key_ = *key;
  }

  static GatewayOptions WithDomain(GatewayOptions options) {
    options.domains = {"s3.example"};
    return options;
  }

  struct Answer {
    int status = 0;
    HttpFields fields;
    std::string body;
    bool complete = false;
  };

  HttpRequest Request(const std::string& method, const std::string& target, const HttpFields& fields = {}) {
    HttpRequest request;
    request.method = method;
    request.target = target;
    request.fields = fields;
    request.fields.Set("Host", "s3.example");
    request.peer = "127.0.0.1";
    return request;
  }
  /// Sends it as it is, with its length.
  Answer SendRaw(HttpRequest request, const std::string& body = "") {
    request.fields.Set("Content-Length", std::to_string(body.size()));
    MemoryExchange exchange(request, ToBytes(AsBytes(body)));
    const HttpAnswer& answer = exchange.Serve(TestContext(), gateway_);
    return {answer.head.status, answer.head.fields, std::string(AsText(answer.body)), answer.complete};
  }
  /// Signs it, body included.
  Answer Send(const std::string& method, const std::string& target, const std::string& body = "",
              const HttpFields& fields = {}) {
    HttpRequest request = Request(method, target, fields);
    s3::SignRequest(signer(), clock_.NowMillis(), s3::Sha256Hex(AsBytes(body)), request);
    return SendRaw(request, body);
  }
  s3::Signer signer() const { return {key_.id, key_.secret, "us-east-1"}; }
  /// The text of the first element of this name.
  static std::string Element(const std::string& document, const std::string& name) {
    const size_t begin = document.find("<" + name + ">");
    if (begin == std::string::npos) return "(none)";
    const size_t from = begin + name.size() + 2;
    return document.substr(from, document.find("</" + name + ">", from) - from);
  }
  /// "Enabled" or "Suspended".
  void SetVersioning(const std::string& bucket, const std::string& status) {
    const std::string document = "<VersioningConfiguration><Status>" + status + "</Status></VersioningConfiguration>";
    ASSERT_EQ(Send("PUT", "/" + bucket + "?versioning", document).status, 200);
  }
  void MakeBucket(const std::string& name) { ASSERT_EQ(Send("PUT", "/" + name).status, 200); }

  SystemClock clock_;
  TwinSite site_;
  std::unique_ptr<Client> client_;
  SystemBucket documents_;
  AccessKeys keys_;
  AccessKey key_;
  Served served_;
  Gateway gateway_;
};

}  // namespace pbfs::gateway
