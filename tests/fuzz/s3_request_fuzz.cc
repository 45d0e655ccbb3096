#include "libs/base/check.h"
#include "libs/s3/checksum.h"
#include "libs/s3/conditions.h"
#include "libs/s3/dates.h"
#include "libs/s3/headers.h"
#include "libs/s3/post_policy.h"
#include "libs/s3/ranges.h"
#include "libs/s3/signature.h"

namespace {

using namespace pbfs::s3;

/// Lines: method, target, then header fields.
pbfs::HttpRequest ReadRequest(std::string_view text) {
  pbfs::HttpRequest request;
  const auto take = [&] {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    return std::string(line);
  };
  request.method = take();
  request.target = take();
  while (!text.empty()) {
    if (auto field = ParseFieldLine(take())) request.fields.Add(field->first, field->second);
  }
  return request;
}

void CheckRanges(const pbfs::HttpFields& fields) {
  constexpr int64_t kSize = 1000;
  const auto range = ResolveRange(fields.Get("range"), kSize);
  if (range.ok() && *range) {
    PBFS_CHECK((*range)->begin >= 0 && (*range)->begin < (*range)->end && (*range)->end <= kSize);
  }
  const auto patch = ParsePatchRange(fields.Get("content-range"), 10);
  if (patch.ok()) PBFS_CHECK(patch->range.begin >= 0 && patch->range.end <= kMaxObjectBytes);
}

void CheckSignature(const pbfs::HttpRequest& request, const Query& query) {
  const auto authorization = ReadAuthorization(request, query);
  if (!authorization.ok() || !*authorization) return;
  // Nobody knows this secret.
  const auto now_ms = ParseAmzDate(request.fields.Get("x-amz-date")).value_or(0);
  PBFS_CHECK(
      !VerifySignature(request, query, **authorization, "4a17", (*authorization)->credential.region, now_ms).ok());
}

}  // namespace

// Whatever a request says is read or refused; what is read keeps its promises.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const pbfs::HttpRequest request = ReadRequest(pbfs::AsText({data, size}));
  const auto target = ParseTarget(request, {"s3.example.com"});
  if (target.ok()) {
    PBFS_CHECK(target->key.size() <= kMaxKeyBytes && IsUtf8(target->key) && IsUtf8(target->bucket));
    CheckSignature(request, target->query);
  }
  CheckRanges(request.fields);
  (void)ReadPayload(request.fields);
  (void)ReadChecksumHeaders(request.fields);
  (void)CheckRead(request.fields, {true, "abc", 0});
  (void)ParseCopySource(request.fields.Get("x-amz-copy-source"));
  (void)ParseTagging(request.fields.Get("x-amz-tagging"));
  (void)ParsePostPolicy(request.fields.Get("policy"));
  if (const auto stored = ReadStoredHeaders(request.fields); stored.ok()) {
    pbfs::HttpFields answer;
    WriteStoredHeaders(*stored, answer);
    PBFS_CHECK(*ReadStoredHeaders(answer) == *stored);
  }
  for (const auto& field : request.fields) {
    if (const auto time = ParseIsoDate(field.second)) PBFS_CHECK(ParseIsoDate(IsoDate(*time)) == time);
  }
  return 0;
}
