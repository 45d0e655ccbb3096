#pragma once

#include <memory>
#include <string>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "libs/adapters/grpc/loopback.h"
#include "libs/adapters/objects/object_servant.h"
#include "proto/pbfs/object/v1/objects.grpc.pb.h"
#include "services/gateway/gateway_fixture.h"
#include "services/gateway/object_service.h"
#include "tools/local/files.h"

namespace pbfs::gateway {

namespace v1 = object::v1;

/// The status of a call, with the name that S3 has for its error.
struct Outcome {
  grpc::Status status;
  std::string s3_code;
};

/// A gateway over a site in memory, whose object API is called over TLS, and which answers signed requests of S3 besides.
class ObjectWireTest : public GatewayTest {
 protected:
  explicit ObjectWireTest(Duration patience = std::chrono::seconds(60))
      : quiet_(GatewayOptions{}, {*client_, keys_, documents_, clock_, site_.random, {}}),
        service_(quiet_),
        servant_(service_, {.threads = kThreads, .patience = patience}) {
    const TlsFiles files = *TestCertificates::Get().authority.IssueLocal("objects");
    server_ = *GrpcServer::Start("127.0.0.1:0", *TransportSecurity::ServerTls(files.cert, files.key), {&servant_});
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = ca_ = *local::ReadTextFile(files.ca);
    channel_ = grpc::CreateChannel(address(), grpc::SslCredentials(options));
    stub_ = v1::Objects::NewStub(channel_);
    BucketSettings settings;
    settings.name = "photos";
    settings.etag = Etag::kMd5;
    settings.history_ms = 3'600'000;
    EXPECT_OK(client_->CreateBucket(TestContext(), settings));
  }
  ~ObjectWireTest() override { server_->Stop(std::chrono::seconds(5)); }
  static constexpr size_t kThreads = 8;
  std::string address() const { return "127.0.0.1:" + std::to_string(server_->port()); }

  /// Of one call: a deadline that no healthy test meets, and who calls.
  class Call : public grpc::ClientContext {
   public:
    explicit Call(const std::string& authorization) {
      set_deadline(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_seconds(60 * kTestSlowdown, GPR_TIMESPAN)));
      if (!authorization.empty()) AddMetadata("authorization", authorization);
    }
    Outcome Ended(const grpc::Status& status) const {
      const auto found = GetServerTrailingMetadata().find("pbfs-detail-s3-code-bin");
      const bool none = found == GetServerTrailingMetadata().end();
      return {status, none ? "" : std::string(found->second.data(), found->second.size())};
    }
  };
  std::string Me() const { return objects::FormatBasicCredentials({key_.id, key_.secret}); }

  template <typename Request, typename Reply>
  using Method = grpc::Status (v1::Objects::Stub::*)(grpc::ClientContext*, const Request&, Reply*);
  /// A call of one message each way.
  template <typename Request, typename Reply>
  Outcome Ask(Method<Request, Reply> method, const Request& request, Reply* reply) {
    Call call(Me());
    return call.Ended((stub_.get()->*method)(&call, request, reply));
  }

  static v1::PutRequest PutHeader(const std::string& key) {
    v1::PutRequest first;
    first.mutable_header()->set_bucket("photos");
    first.mutable_header()->set_key(key);
    return first;
  }
  template <typename Request>
  Outcome Send(std::unique_ptr<grpc::ClientWriter<Request>> (v1::Objects::Stub::*method)(grpc::ClientContext*,
                                                                                         v1::WriteReply*),
               const std::vector<Request>& messages, v1::WriteReply* reply) {
    Call call(Me());
    const auto stream = (stub_.get()->*method)(&call, reply);
    for (const Request& message : messages) {
      if (!stream->Write(message)) break;
    }
    stream->WritesDone();
    return call.Ended(stream->Finish());
  }
  using GatewayTest::Send;

  Outcome Put(const v1::PutRequest& first, const std::string& data, v1::WriteReply* reply, size_t chunk = 256 << 10) {
    std::vector<v1::PutRequest> messages = {first};
    for (size_t at = 0; at < data.size(); at += chunk) messages.emplace_back().set_chunk(data.substr(at, chunk));
    return Send<v1::PutRequest>(&v1::Objects::Stub::Put, messages, reply);
  }
  v1::WriteReply MustPut(const std::string& key, const std::string& data) {
    v1::WriteReply reply;
    const Outcome put = Put(PutHeader(key), data, &reply);
    EXPECT_TRUE(put.status.ok()) << put.status.error_message();
    return reply;
  }

  struct Got {
    Outcome outcome;
    v1::GetReply::Opened opened;
    std::string data;
  };
  Got Get(const v1::GetRequest& request) {
    Got got;
    Call call(Me());
    const auto stream = stub_->Get(&call, request);
    v1::GetReply message;
    bool first = true;
    while (stream->Read(&message)) {
      EXPECT_EQ(message.has_opened(), first);
      if (first) got.opened = message.opened();
      got.data += message.chunk();
      first = false;
    }
    got.outcome = call.Ended(stream->Finish());
    return got;
  }
  static v1::GetRequest GetOf(const std::string& key, int64_t offset = 0, int64_t length = 0) {
    v1::GetRequest request;
    request.set_bucket("photos");
    request.set_key(key);
    request.set_offset(offset);
    request.set_length(length);
    return request;
  }
  std::string Text(const std::string& key) { return Get(GetOf(key)).data; }

  Outcome Patch(const std::string& key, const std::vector<std::pair<int64_t, std::string>>& pieces,
                v1::WriteReply* reply, const std::string& if_match = "") {
    std::vector<v1::PatchRequest> messages(1);
    messages[0].mutable_header()->set_bucket("photos");
    messages[0].mutable_header()->set_key(key);
    messages[0].mutable_header()->mutable_conditions()->set_if_match(if_match);
    for (const auto& [offset, data] : pieces) {
      v1::PatchRequest::Piece* piece = messages.emplace_back().mutable_piece();
      piece->set_offset(offset);
      piece->set_data(data);
    }
    return Send<v1::PatchRequest>(&v1::Objects::Stub::Patch, messages, reply);
  }

  bool Exists(const std::string& key) { return Send("HEAD", "/photos/" + key).status == 200; }

  std::string ca_;  // PEM
  Gateway quiet_;   // the fixture's own observer is for one thread
  ObjectService service_;
  ObjectServant servant_;
  std::unique_ptr<GrpcServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::Objects::Stub> stub_;
};

/// The codes of a call that failed.
#define EXPECT_FAILS(outcome_expression, grpc_code, s3_name)                             \
  do {                                                                                   \
    const Outcome failed = (outcome_expression);                                         \
    EXPECT_EQ(static_cast<int>(failed.status.error_code()), static_cast<int>(grpc_code)) \
        << failed.status.error_message();                                                \
    EXPECT_EQ(failed.s3_code, s3_name) << failed.status.error_message();                 \
  } while (false)
#define ASSERT_WORKS(outcome_expression)                                                        \
  do {                                                                                          \
    const Outcome worked = (outcome_expression);                                                \
    ASSERT_TRUE(worked.status.ok()) << worked.s3_code << ": " << worked.status.error_message(); \
  } while (false)

}  // namespace pbfs::gateway
