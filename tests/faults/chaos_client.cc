// One client of a chaos run: does over the wire, with the client library, what its driver (chaos_load.py) asks for. It is a
// process of its own, so that killing it is a client's crash, and freezing it a client's pause.
//
// Requests on stdin and answers on stdout: a line of JSON, and behind it as many bytes as its field "length" says.
#include <csignal>
#include <functional>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "libs/client/client.h"
#include "libs/runtime/connection.h"

namespace pbfs {
namespace {

using Json = nlohmann::json;

struct Answer {
  Json json = Json::object();
  Bytes bytes;
};

Json WrittenJson(const Written& written) {
  return {{"object", written.object.ToString()},
          {"hlc", written.order.hlc},
          {"wid", written.order.wid},
          {"lo", written.lo},
          {"hi", written.hi},
          {"ops", written.ops}};
}

Answer ErrorAnswer(const Status& status) {
  return {{{"code", StatusCodeName(status.code())},
           {"message", status.ToString()},
           {"in_doubt", status.Detail("pbfs-outcome").value_or("") == "in-doubt"}},
          {}};
}

/// What one bucket can be asked for, by name.
class Operations {
 public:
  explicit Operations(Bucket& bucket) : bucket_(bucket) {}

  Result<Answer> Do(const Context& context, const Json& request, ByteSpan payload) {
    using Operation = Result<Answer> (Operations::*)(const Context&, const Json&, ByteSpan);
    static const std::map<std::string, Operation> kOperations = {
        {"put", &Operations::Put},           {"write", &Operations::Write},     {"append", &Operations::Append},
        {"truncate", &Operations::Truncate}, {"read", &Operations::Read},       {"find", &Operations::Find},
        {"unbind", &Operations::Unbind},     {"restore", &Operations::Restore}, {"clone", &Operations::Clone},
        {"rehome", &Operations::Rehome},     {"history", &Operations::History}, {"list", &Operations::List}};
    const auto found = kOperations.find(request.at("op").get<std::string>());
    if (found == kOperations.end()) return InvalidArgumentError("no such operation");
    return (this->*found->second)(context, request, payload);
  }

 private:
  static std::string Name(const Json& request) { return request.at("name").get<std::string>(); }
  static Result<ObjectId> Object(const Json& request) {
    return ObjectId::Parse(request.at("object").get<std::string>());
  }
  static Result<Answer> Done(const Result<Written>& written) {
    PBFS_RETURN_IF_ERROR(written.status());
    return Answer{WrittenJson(*written), {}};
  }

  Result<Answer> Put(const Context& context, const Json& request, ByteSpan payload) {
    return Done(bucket_.Put(context, Name(request), payload));
  }
  Result<Answer> Write(const Context& context, const Json& request, ByteSpan payload) {
    PBFS_ASSIGN_OR_RETURN(const ObjectId object, Object(request));
    return Done(bucket_.Write(context, object, request.at("offset").get<int64_t>(), payload));
  }
  Result<Answer> Append(const Context& context, const Json& request, ByteSpan payload) {
    PBFS_ASSIGN_OR_RETURN(const ObjectId object, Object(request));
    return Done(bucket_.Append(context, object, payload));
  }
  Result<Answer> Truncate(const Context& context, const Json& request, ByteSpan) {
    PBFS_ASSIGN_OR_RETURN(const ObjectId object, Object(request));
    return Done(bucket_.Truncate(context, object, request.at("size").get<int64_t>()));
  }
  Result<Answer> Clone(const Context& context, const Json& request, ByteSpan) {
    return Done(bucket_.Clone(context, Name(request), request.at("to").get<std::string>()));
  }
  Result<Answer> Read(const Context& context, const Json& request, ByteSpan) {
    PBFS_ASSIGN_OR_RETURN(const ObjectId object, Object(request));
    MemorySink sink;
    PBFS_RETURN_IF_ERROR(
        bucket_.Read(context, object, request.at("offset").get<int64_t>(), request.at("size").get<int64_t>(), sink)
            .status());
    return Answer{Json::object(), sink.Take()};
  }
  Result<Answer> Find(const Context& context, const Json& request, ByteSpan) {
    PBFS_ASSIGN_OR_RETURN(const ObjectId object, bucket_.Find(context, Name(request)));
    return Answer{{{"object", object.ToString()}}, {}};
  }
  Result<Answer> Unbind(const Context& context, const Json& request, ByteSpan) {
    PBFS_RETURN_IF_ERROR(bucket_.Unbind(context, Name(request)).status());
    return Answer{};
  }
  Result<Answer> Restore(const Context& context, const Json& request, ByteSpan) {
    PBFS_ASSIGN_OR_RETURN(const ObjectId object, bucket_.Restore(context, Name(request)));
    return Answer{{{"object", object.ToString()}}, {}};
  }
  Result<Answer> Rehome(const Context& context, const Json& request, ByteSpan) {
    PBFS_ASSIGN_OR_RETURN(const ObjectId object, Object(request));
    PBFS_ASSIGN_OR_RETURN(const RehomeReport report, bucket_.Rehome(context, object));
    return Answer{{{"merged", report.merged}}, {}};
  }
  Result<Answer> History(const Context& context, const Json& request, ByteSpan) {
    PBFS_ASSIGN_OR_RETURN(const ObjectId object, Object(request));
    PBFS_ASSIGN_OR_RETURN(const auto entries, bucket_.History(context, object, INT64_MAX, 1'000'000));
    Json writes = Json::array();
    for (const HistoryEntry& entry : entries)
      if (entry.kind == OpKind::kWrite)
        writes.push_back({entry.order.hlc, entry.order.wid, entry.lo, entry.hi, entry.authentic});
    return Answer{{{"writes", writes}}, {}};
  }
  Result<Answer> List(const Context& context, const Json& request, ByteSpan) {
    PBFS_ASSIGN_OR_RETURN(const NamePage page, bucket_.ListNames(context, Name(request), {.limit = 1'000'000}));
    Json names = Json::array();
    for (const NamedObject& named : page.names) names.push_back(named.name);
    return Answer{{{"names", names}}, {}};
  }

  Bucket& bucket_;
};

/// The next request and its bytes; nothing at the end of stdin.
std::optional<std::pair<Json, Bytes>> NextRequest() {
  std::string line;
  if (!std::getline(std::cin, line)) return std::nullopt;
  Json request = Json::parse(line);
  Bytes payload(request.value("length", size_t{0}));
  std::cin.read(reinterpret_cast<char*>(payload.data()), static_cast<std::streamsize>(payload.size()));
  if (!std::cin) return std::nullopt;
  return std::pair{std::move(request), std::move(payload)};
}

void Send(Answer answer) {
  answer.json["length"] = answer.bytes.size();
  std::cout << answer.json.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
  std::cout.write(reinterpret_cast<const char*>(answer.bytes.data()),
                  static_cast<std::streamsize>(answer.bytes.size()));
  std::cout.flush();
}

/// The bucket, opened again until a catalog answers: its driver says when to stop.
Bucket OpenBucket(Client& client, const std::string& name) {
  for (;;) {
    Result<Bucket> bucket = client.OpenBucket(Context::WithTimeout(std::chrono::seconds(10)), name);
    if (bucket.ok()) return *std::move(bucket);
    fmt::print(stderr, "{}\n", bucket.status().ToString());
    if (bucket.status().code() != StatusCode::kUnavailable && bucket.status().code() != StatusCode::kDeadlineExceeded)
      std::exit(1);
  }
}

int Serve(const std::string& config, const std::string& name) {
  auto connection = Connection::Open(config);
  if (!connection.ok()) {
    fmt::print(stderr, "{}\n", connection.status().ToString());
    return 1;
  }
  Bucket bucket = OpenBucket((*connection)->client(), name);
  Send({{{"ready", true}}, {}});
  Operations operations(bucket);
  while (auto request = NextRequest()) {
    const Context context = Context::WithTimeout(std::chrono::milliseconds(request->first.at("timeout_ms").get<int>()));
    const Result<Answer> answer = operations.Do(context, request->first, request->second);
    Send(answer.ok() ? *answer : ErrorAnswer(answer.status()));
  }
  return 0;
}

}  // namespace
}  // namespace pbfs

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: {} CLIENT.JSON BUCKET\n", argv[0]);
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  return pbfs::Serve(argv[1], argv[2]);
}
