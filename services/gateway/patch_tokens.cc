#include "services/gateway/patch_tokens.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "libs/s3/dates.h"

namespace pbfs::gateway {
namespace {

using nlohmann::json;
using s3::Code;
using s3::Error;

constexpr const char* kPrefix = "patch/";
constexpr int64_t kDayMs = 86'400'000;

std::string DayOf(int64_t time_ms) { return s3::AmzDate(time_ms).substr(0, 8); }

std::string NameOf(const Call& call, const std::string& bucket_id, int64_t day_ms) {
  const std::string scope =
      bucket_id + "/" + std::string(call.http().request().fields.Get("x-amz-client-token")) + "/" + call.target.key;
  return kPrefix + DayOf(day_ms) + "/" + s3::Sha256Hex(AsBytes(scope));
}

Result<PatchTokens::Remembered> Decode(const std::string& document, const std::string& digest) {
  const json parsed = json::parse(document, nullptr, false);
  const auto text = [&](const char* name) {
    const auto found = parsed.is_object() ? parsed.find(name) : parsed.end();
    return found != parsed.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const Result<OpId> op = OpId::Parse(text("op"));
  if (!op.ok()) return DataLossError("the document of a PATCH's token is malformed");
  if (text("parameters") != digest) return Error(Code::kIdempotencyParameterMismatch);
  return PatchTokens::Remembered{*op, text("answer")};
}

std::string Encode(const PatchTokens::Remembered& remembered, const std::string& digest) {
  return json{{"op", remembered.op.ToString()}, {"parameters", digest}, {"answer", remembered.answer}}.dump();
}

}  // namespace

Result<std::optional<PatchTokens::Remembered>> PatchTokens::Find(Call& call, const std::string& bucket_id,
                                                                 const std::string& parameters) {
  const auto token = call.fields().Find("x-amz-client-token");
  if (!token.has_value()) return std::optional<Remembered>{};
  const bool printable = std::all_of(token->begin(), token->end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (token->empty() || token->size() > 64 || !printable)
    return Error(Code::kInvalidArgument, "x-amz-client-token has 1 to 64 printable characters");
  const std::string digest = s3::Sha256Hex(AsBytes(parameters));
  const int64_t now_ms = clock_.NowMillis();
  for (const int64_t day_ms : {now_ms, now_ms - kDayMs}) {
    PBFS_ASSIGN_OR_RETURN(const auto document, documents_.Get(call.context(), NameOf(call, bucket_id, day_ms)));
    if (!document.has_value()) continue;
    PBFS_ASSIGN_OR_RETURN(Remembered remembered, Decode(*document, digest));
    return std::optional<Remembered>(std::move(remembered));
  }
  const Remembered fresh{OpId::New(now_ms, random_), ""};
  const std::string name = NameOf(call, bucket_id, now_ms);
  const Status kept = documents_.PutNew(call.context(), name, Encode(fresh, digest));
  if (kept.ok()) return std::optional<Remembered>(fresh);
  if (kept.code() != StatusCode::kFailedPrecondition) return kept;
  // A repeat that runs beside this one was faster.
  PBFS_ASSIGN_OR_RETURN(const auto document, documents_.Get(call.context(), name));
  if (!document.has_value()) return UnavailableError("a token came and went");
  PBFS_ASSIGN_OR_RETURN(Remembered remembered, Decode(*document, digest));
  return std::optional<Remembered>(std::move(remembered));
}

void PatchTokens::Keep(Call& call, const std::string& bucket_id, const Remembered& remembered,
                       const std::string& parameters) {
  const std::string digest = s3::Sha256Hex(AsBytes(parameters));
  (void)documents_.Put(call.context(), NameOf(call, bucket_id, remembered.op.Millis()), Encode(remembered, digest));
}

Result<int64_t> PatchTokens::Forget(const Context& context) {
  PBFS_ASSIGN_OR_RETURN(const std::vector<std::string> names, documents_.List(context, kPrefix));
  const std::string oldest = kPrefix + DayOf(clock_.NowMillis() - kDayMs);
  int64_t forgotten = 0;
  for (const std::string& name : names) {
    if (name >= oldest) break;
    PBFS_RETURN_IF_ERROR(documents_.Delete(context, name));
    ++forgotten;
  }
  return forgotten;
}

}  // namespace pbfs::gateway
