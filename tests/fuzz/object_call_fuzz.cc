#include "libs/adapters/objects/object_codec.h"
#include "libs/base/check.h"
#include "services/gateway/object_call.h"
#include "services/gateway/object_facts.h"

namespace {

using namespace pbfs;

void CheckCredentials(std::string_view text) {
  const auto parsed = objects::ParseBasicCredentials(text);
  if (!parsed.has_value()) return;
  PBFS_CHECK(!parsed->id.empty() && parsed->id.find(':') == std::string::npos);
  const auto again = objects::ParseBasicCredentials(objects::FormatBasicCredentials(*parsed));
  PBFS_CHECK(again.has_value() && again->id == parsed->id && again->secret == parsed->secret);
}

// What passes can be sent as fields over HTTP, and is a key of S3.
void CheckCall(const gateway::ObjectCall& call, const std::string& key) {
  if (!call.status().ok()) return;
  PBFS_CHECK(!key.empty() && key.size() <= s3::kMaxKeyBytes && s3::IsUtf8(key));
  for (const auto& [name, value] : call.request().fields) {
    PBFS_CHECK(name.find_first_of("\r\n: ") == std::string::npos && !name.empty());
    PBFS_CHECK(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
  }
  (void)gateway::MetadataOfRequest(call.request().fields);
}

void CheckPut(const std::string& bytes) {
  object::v1::PutRequest message;
  if (!message.ParseFromString(bytes)) return;
  const objects::PutRequest request = wire::Decode(message.header());
  static constexpr gateway::ObjectMethod kPut{"Put", "PutObject", "s3:PutObject"};
  const Context context;
  gateway::ObjectCall call(context, {}, kPut, "0", request.at);
  call.SetConditions(request.conditions);
  call.SetProperties(request.properties);
  if (request.checksum.has_value()) call.SetChecksum(*request.checksum);
  CheckCall(call, request.at.key);
}

}  // namespace

// The first byte chooses; the rest is what a caller sends.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 3) {
    case 0: CheckCredentials(rest); break;
    case 1: (void)wire::AddressOf(rest); break;
    default: CheckPut(rest);
  }
  return 0;
}
