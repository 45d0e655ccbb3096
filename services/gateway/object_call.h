#pragma once

#include <optional>
#include <string>

#include "libs/objects/object_api.h"
#include "services/gateway/call.h"

namespace pbfs::gateway {

/// A method of the object API.
struct ObjectMethod {
  const char* rpc;        // "Put"
  const char* operation;  // "PutObject": for logs and metrics, the name of S3 where S3 has it
  const char* action;     // what policies call it, as in routes.h
  bool of_object = true;  // else of a bucket, or of all
};

/// A call of the object API as the operations of S3 see it: what it asks stands in fields and query, in S3's words, so that policies,
/// conditions and rules of metadata are the same for both; what an operation answers is dropped. The first thing that is wrong with the
/// request is kept in status(). One thread.
class ObjectCall final : public HttpExchange {
 public:
  ObjectCall(const Context& context, const objects::Caller& caller, const ObjectMethod& method, std::string request_id,
             const objects::Key& at);

  /// What the setters found. Errors (of S3): InvalidArgument, KeyTooLongError, InvalidRequest.
  const Status& status() const { return status_; }
  Call& call() { return call_; }
  const ObjectMethod& method() const { return method_; }

  void Set(const std::string& field, const std::string& value) { request_.fields.Set(field, value); }
  void SetConditions(const objects::Conditions& conditions);
  /// If-Match or another condition: nothing if `etag` is empty.
  void SetTag(const std::string& field, const std::string& etag);
  void SetProperties(const objects::Properties& properties);
  void SetChecksum(const objects::Checksum& checksum);
  void SetToken(const std::string& token);
  void SetQuery(const std::string& name, const std::string& value);
  /// What is sent behind the request, which outlives this. `size`: none: its end says it.
  void SetBody(objects::BodySource& body, std::optional<int64_t> size = {});
  /// `ok`, or else the request is malformed in the way that `what` says.
  void Require(bool ok, const std::string& what);
  int64_t received_bytes() const { return received_bytes_; }

  const HttpRequest& request() const override { return request_; }
  std::optional<int64_t> BodyLength() const override { return length_; }
  Result<size_t> Read(const Context& context, MutableByteSpan out) override;
  Status Begin(const Context&, const HttpResponse&) override { return OkStatus(); }
  Status Write(const Context&, ByteSpan) override { return OkStatus(); }
  void Abort() override {}

 private:
  void Keep(const Status& status);

  const ObjectMethod& method_;
  HttpRequest request_;
  Call call_;
  Status status_;
  objects::BodySource* body_ = nullptr;
  std::optional<int64_t> length_ = 0;
  int64_t received_bytes_ = 0;
};

}  // namespace pbfs::gateway
