// Streams of the object API that are cut off, late, malformed or hostile: they leave nothing, and the server goes on.
#include <grpcpp/generic/generic_stub.h>

#include "tests/objects/object_wire_fixture.h"

namespace pbfs::gateway {
namespace {

using grpc::StatusCode;
using Stub = v1::Objects::Stub;

class ObjectStreamsTest : public ObjectWireTest {
 protected:
  using ObjectWireTest::ObjectWireTest;

  // Frames as they are, whatever they hold.
  Outcome SendFrames(const std::string& method, const std::vector<std::string>& frames) {
    grpc::GenericStub stub(channel_);
    grpc::CompletionQueue queue;
    Call call(Me());
    const auto stream = stub.PrepareCall(&call, "/pbfs.object.v1.Objects/" + method, &queue);
    const auto step = [&] {
      void* tag = nullptr;
      bool ok = false;
      return queue.Next(&tag, &ok) && ok;
    };
    stream->StartCall(nullptr);
    bool going = step();
    for (const std::string& frame : frames) {
      if (!going) break;
      const grpc::Slice slice(frame);
      stream->Write(grpc::ByteBuffer(&slice, 1), nullptr);
      going = step();
    }
    if (going) {
      stream->WritesDone(nullptr);
      step();
    }
    grpc::ByteBuffer reply;
    stream->Read(&reply, nullptr);
    step();
    grpc::Status status;
    stream->Finish(&status, nullptr);
    step();
    return call.Ended(status);
  }
  static std::string Header(const std::string& key) { return PutHeader(key).SerializeAsString(); }
  static std::string Chunk(const std::string& data) {
    v1::PutRequest message;
    message.set_chunk(data);
    return message.SerializeAsString();
  }
};

TEST_F(ObjectStreamsTest, AStreamBeginsWithItsHeaderAndHasOne) {
  for (const char* method : {"Put", "Patch", "Append"}) {
    EXPECT_FAILS(SendFrames(method, {}), StatusCode::INVALID_ARGUMENT, "");
    EXPECT_FAILS(SendFrames(method, {""}), StatusCode::INVALID_ARGUMENT, "");
  }
  EXPECT_FAILS(SendFrames("Put", {Chunk("miaow")}), StatusCode::INVALID_ARGUMENT, "");
  EXPECT_FAILS(SendFrames("Put", {Header("cat"), Header("cat")}), StatusCode::INVALID_ARGUMENT, "");
  EXPECT_FAILS(SendFrames("Put", {Header("cat"), Chunk("miaow"), Header("dog")}), StatusCode::INVALID_ARGUMENT, "");
  EXPECT_FAILS(SendFrames("Put", {Header("cat"), Chunk("miaow"), ""}), StatusCode::INVALID_ARGUMENT, "");
  EXPECT_FALSE(Exists("cat"));
  EXPECT_TRUE(SendFrames("Put", {Header("cat"), Chunk(""), Chunk("miaow"), Chunk("")}).status.ok());
  EXPECT_EQ(Text("cat"), "miaow");
}

TEST_F(ObjectStreamsTest, AMessageThatDoesNotDecodeIsNoEndOfAnObject) {
  const std::string garbage("\xff\xff\xff\xff\xff", 5);
  EXPECT_FAILS(SendFrames("Put", {garbage}), StatusCode::INVALID_ARGUMENT, "");
  EXPECT_FAILS(SendFrames("Put", {Header("cat"), Chunk("miaow"), garbage}), StatusCode::INVALID_ARGUMENT, "");
  EXPECT_FALSE(Exists("cat"));
  MustPut("cat", "miaow");
  EXPECT_FAILS(SendFrames("Append", {Header("cat"), Chunk("more"), garbage}), StatusCode::INVALID_ARGUMENT, "");
  EXPECT_FAILS(SendFrames("Patch", {Header("cat"), garbage}), StatusCode::INVALID_ARGUMENT, "");
  EXPECT_EQ(Text("cat"), "miaow");
}

TEST_F(ObjectStreamsTest, MessagesAreBounded) {
  EXPECT_FAILS(SendFrames("Put", {Header("cat"), Chunk(std::string(5 << 20, 'x'))}), StatusCode::INVALID_ARGUMENT, "");
  EXPECT_FAILS(SendFrames("Put", {Header("cat"), Chunk("miaow"), Chunk(std::string(13 << 20, 'x'))}),
               StatusCode::RESOURCE_EXHAUSTED, "");
  EXPECT_FALSE(Exists("cat"));
}

TEST_F(ObjectStreamsTest, AStreamThatIsCalledOffBindsNothing) {
  for (int i = 0; i < TestScaled(20); ++i) {
    Call call(Me());
    v1::WriteReply reply;
    const auto stream = stub_->Put(&call, &reply);
    ASSERT_TRUE(stream->Write(PutHeader("cat")));
    v1::PutRequest chunk;
    chunk.set_chunk(std::string(1000, 'x'));
    ASSERT_TRUE(stream->Write(chunk));
    call.TryCancel();
    EXPECT_EQ(stream->Finish().error_code(), StatusCode::CANCELLED);
    EXPECT_FALSE(Exists("cat")) << i;
  }
  server_->Stop(std::chrono::seconds(30));  // all of them have ended
  EXPECT_FALSE(Exists("cat"));
}

TEST_F(ObjectStreamsTest, AConnectionThatBreaksBindsNothing) {
  {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = ca_;
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection of its own
    auto channel = grpc::CreateCustomChannel(address(), grpc::SslCredentials(options), arguments);
    const auto stub = v1::Objects::NewStub(channel);
    Call call(Me());
    v1::WriteReply reply;
    const auto stream = stub->Put(&call, &reply);
    ASSERT_TRUE(stream->Write(PutHeader("cat")));
    v1::PutRequest chunk;
    chunk.set_chunk("miaow");
    ASSERT_TRUE(stream->Write(chunk));
  }  // all of it goes without an end of the stream
  server_->Stop(std::chrono::seconds(30));
  EXPECT_FALSE(Exists("cat"));
}

TEST_F(ObjectStreamsTest, ADeadlineThatPassesBindsNothing) {
  Call call(Me());
  call.set_deadline(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(200, GPR_TIMESPAN)));
  v1::WriteReply reply;
  const auto stream = stub_->Put(&call, &reply);
  v1::PutRequest message = PutHeader("cat");
  while (stream->Write(message)) message.set_chunk("miaow");  // until it has passed
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::DEADLINE_EXCEEDED);
  server_->Stop(std::chrono::seconds(30));
  EXPECT_FALSE(Exists("cat"));
}

TEST_F(ObjectStreamsTest, AReaderThatGoesAwayEndsTheRead) {
  MustPut("long", std::string(32 << 20, 'x'));
  for (int i = 0; i < 20; ++i) {  // more than there are threads
    Call call(Me());
    const auto stream = stub_->Get(&call, GetOf("long"));
    v1::GetReply message;
    ASSERT_TRUE(stream->Read(&message));
    call.TryCancel();
    while (stream->Read(&message)) {
    }
    EXPECT_EQ(stream->Finish().error_code(), StatusCode::CANCELLED);
  }
  EXPECT_EQ(Get(GetOf("long", 0, 3)).data, "xxx");
}

TEST_F(ObjectStreamsTest, WhoeverSaysNothingOfHimselfIsAnonymous) {
  MustPut("cat", "miaow");
  v1::HeadRequest request;
  request.set_bucket("photos");
  request.set_key("cat");
  const auto head = [&](const std::vector<std::string>& authorizations) {
    Call call("");
    for (const std::string& authorization : authorizations) call.AddMetadata("authorization", authorization);
    v1::HeadReply reply;
    return call.Ended(stub_->Head(&call, request, &reply));
  };
  EXPECT_TRUE(head({Me()}).status.ok());
  EXPECT_FAILS(head({}), StatusCode::PERMISSION_DENIED, "AccessDenied");
  for (const char* malformed : {"", "Basic", "Basic !!!!", "Bearer abc", "AWS4-HMAC-SHA256 Credential=x"})
    EXPECT_FAILS(head({malformed}), StatusCode::UNAUTHENTICATED, "");
  EXPECT_FAILS(head({Me(), Me()}), StatusCode::UNAUTHENTICATED, "");
  EXPECT_FAILS(head({objects::FormatBasicCredentials({key_.id, "wrong"})}), StatusCode::UNAUTHENTICATED,
               "SignatureDoesNotMatch");
  Call call(objects::FormatBasicCredentials({key_.id, "wrong"}));
  v1::WriteReply reply;
  const auto stream = stub_->Put(&call, &reply);
  stream->Write(PutHeader("dog"));
  stream->WritesDone();
  EXPECT_FAILS(call.Ended(stream->Finish()), StatusCode::UNAUTHENTICATED, "SignatureDoesNotMatch");
}

TEST_F(ObjectStreamsTest, AccessKeysAreTakenOverTlsOnly) {
  const auto clear = *GrpcServer::Start("127.0.0.1:0", TransportSecurity::Insecure(), {&servant_});
  v1::HeadRequest request;
  request.set_bucket("photos");
  request.set_key("cat");
  v1::HeadReply reply;
  const auto stub = v1::Objects::NewStub(
      grpc::CreateChannel("127.0.0.1:" + std::to_string(clear->port()), grpc::InsecureChannelCredentials()));
  Call call(Me());
  EXPECT_FAILS(call.Ended(stub->Head(&call, request, &reply)), StatusCode::UNAUTHENTICATED, "");
  const auto knocking = v1::Objects::NewStub(grpc::CreateChannel(address(), grpc::InsecureChannelCredentials()));
  Call refused(Me());
  EXPECT_FAILS(refused.Ended(knocking->Head(&refused, request, &reply)), StatusCode::UNAVAILABLE, "");
}

class ImpatientTest : public ObjectStreamsTest {
 protected:
  ImpatientTest() : ObjectStreamsTest(std::chrono::milliseconds(100)) {}
};

TEST_F(ImpatientTest, WhoeverSendsNothingIsGivenUp) {
  Call call(Me());
  v1::WriteReply reply;
  const auto stream = stub_->Put(&call, &reply);
  ASSERT_TRUE(stream->Write(PutHeader("cat")));
  const grpc::Status status = stream->Finish();  // without an end of the stream
  EXPECT_EQ(status.error_code(), StatusCode::DEADLINE_EXCEEDED) << status.error_message();
  EXPECT_FALSE(Exists("cat"));
}

TEST_F(ImpatientTest, WhoeverTakesNothingIsGivenUp) {
  ASSERT_EQ(Send("PUT", "/photos/long", std::string(32 << 20, 'x')).status, 200);
  std::vector<std::unique_ptr<Call>> calls;
  std::vector<std::unique_ptr<grpc::ClientReader<v1::GetReply>>> streams;
  for (size_t i = 0; i < kThreads; ++i) {
    calls.push_back(std::make_unique<Call>(Me()));
    streams.push_back(stub_->Get(calls.back().get(), GetOf("long")));
  }
  v1::GetReply first;
  for (const auto& stream : streams) stream->Read(&first);  // each has begun by then
  // Some thread is free again for this.
  v1::HeadRequest request;
  request.set_bucket("photos");
  request.set_key("long");
  v1::HeadReply reply;
  ASSERT_WORKS(Ask(&Stub::Head, request, &reply));
  int given_up = 0;
  for (const auto& stream : streams) {
    v1::GetReply message;
    while (stream->Read(&message)) {
    }
    given_up += stream->Finish().ok() ? 0 : 1;
  }
  EXPECT_GE(given_up, 1);
}

}  // namespace
}  // namespace pbfs::gateway
