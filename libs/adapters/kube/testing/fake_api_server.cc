#include "libs/adapters/kube/testing/fake_api_server.h"

#include <algorithm>
#include <regex>
#include <utility>

#include <fmt/format.h>

#include "libs/kube/object_ref.h"

namespace pbfs::kube {
namespace {

const std::regex kPath("/apis/coordination\\.k8s\\.io/v1/namespaces/[-a-z0-9]+/leases(/([^/]+))?");
const std::regex kName("[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*");
const std::regex kMicroTime("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z");

Json StatusBody(int code, const std::string& reason, const std::string& message) {
  return {{"kind", "Status"}, {"status", "Failure"}, {"code", code}, {"reason", reason}, {"message", message}};
}

std::string NameOf(const Json& object) { return Text(Member(object, "metadata"), "name"); }
std::string VersionOf(const Json& object) { return Text(Member(object, "metadata"), "resourceVersion"); }

/// What a real server refuses with 422 of what PBFS writes.
std::string Complaint(const Json& object) {
  const Json& spec = Member(object, "spec");
  if (!std::regex_match(NameOf(object), kName)) return "metadata.name";
  if (Number(spec, "leaseDurationSeconds", 1) <= 0) return "spec.leaseDurationSeconds";
  if (Number(spec, "leaseTransitions") < 0) return "spec.leaseTransitions";
  for (const char* time : {"acquireTime", "renewTime"})
    if (!std::regex_match(Text(spec, time, "2026-01-01T00:00:00.000000Z"), kMicroTime)) return time;
  return "";
}

std::string Query(const HttpRequest& request, const std::string& name, const std::string& fallback = "") {
  const auto found = request.query.find(name);
  return found == request.query.end() ? fallback : found->second;
}

std::string Line(const std::string& type, const Json& object) {
  return Json{{"type", type}, {"object", object}}.dump() + "\n";
}

}  // namespace

FakeApiServer::FakeApiServer(const TlsFiles& files)
    : server_(files, [this](const HttpRequest& request, HttpAnswer& answer) { Handle(request, answer); }) {
  PBFS_CHECK(server_.Start().ok());
}
FakeApiServer::~FakeApiServer() { SetAvailable(false); }

void FakeApiServer::SetAvailable(bool up) {
  {
    MutexLock lock(mutex_);
    up_ = up;
    changed_.NotifyAll();
  }
  if (!up) server_.Stop();
  if (up) PBFS_CHECK(server_.Start().ok());
}

void FakeApiServer::SetToken(const std::string& token) {
  MutexLock lock(mutex_);
  token_ = token;
}

void FakeApiServer::Compact() {
  MutexLock lock(mutex_);
  events_.clear();
  forgotten_ = ++version_;
  changed_.NotifyAll();
}

void FakeApiServer::NextRound(bool cut) {
  const MonotonicTime deadline = MonotonicNow() + std::chrono::seconds(60);
  MutexLock lock(mutex_);
  while (watches_ == 0 && MonotonicNow() < deadline) changed_.WaitUntil(mutex_, deadline);
  ++round_;
  cut_ = cut;
  watches_ = 0;
  changed_.NotifyAll();
}

void FakeApiServer::SetDribble(bool dribble) {
  MutexLock lock(mutex_);
  dribble_ = dribble;
}

void FakeApiServer::FailNext(const std::string& method, int count, int status, bool after, const std::string& headers) {
  MutexLock lock(mutex_);
  failures_[method] = {count, status, after, headers};
}

void FakeApiServer::SetPageSize(int size) {
  MutexLock lock(mutex_);
  page_size_ = static_cast<size_t>(size);
}

int FakeApiServer::Count(const std::string& method) const {
  MutexLock lock(mutex_);
  const auto found = counts_.find(method);
  return found == counts_.end() ? 0 : found->second;
}

void FakeApiServer::Put(Json object) {
  MutexLock lock(mutex_);
  const bool known = objects_.contains(NameOf(object));
  Keep(known ? "MODIFIED" : "ADDED", std::move(object));
}

void FakeApiServer::Remove(const std::string& name) {
  MutexLock lock(mutex_);
  Forget(name);
}

Json FakeApiServer::Find(const std::string& name) const {
  MutexLock lock(mutex_);
  const auto found = objects_.find(name);
  return found == objects_.end() ? Json() : found->second;
}

FakeApiServer::Failure FakeApiServer::TakeFailure(const std::string& method) {
  MutexLock lock(mutex_);
  ++counts_[method];
  Failure& failure = failures_[method];
  return failure.count-- > 0 ? failure : (failure = Failure());
}

void FakeApiServer::Handle(const HttpRequest& request, HttpAnswer& answer) {
  const bool watch = Query(request, "watch") == "1";
  const Failure failure = TakeFailure(watch ? "WATCH" : request.method);
  if (watch && failure.status == 0) return Watch(request, answer);
  Answered answered;
  if (failure.status == 0 || failure.after) answered = Serve(request);
  if (failure.status != 0) answered = {failure.status, StatusBody(failure.status, "Asked", "asked to fail")};
  answer.Whole(answered.status, answered.body.dump(), failure.headers);
}

FakeApiServer::Answered FakeApiServer::Serve(const HttpRequest& request) {
  std::smatch parts;
  MutexLock lock(mutex_);
  if (!token_.empty() && request.token != token_) return {401, StatusBody(401, "Unauthorized", "Unauthorized")};
  if (!std::regex_match(request.path, parts, kPath)) return {404, StatusBody(404, "NotFound", "no such resource")};
  const std::string name = parts[2];
  const Json body = request.body.empty() ? Json() : ParseJson(request.body).value_or(Json());
  if (request.method == "GET") return name.empty() ? List(request) : Get(name);
  if (request.method == "POST" && name.empty()) return Create(body);
  if (request.method == "PUT" && !name.empty()) return Replace(name, body);
  if (request.method == "DELETE" && !name.empty()) return Delete(name, body);
  return {405, StatusBody(405, "MethodNotAllowed", "not allowed")};
}

/// `continue` is the name of the last object given and the version of the first page.
FakeApiServer::Answered FakeApiServer::List(const HttpRequest& request) {
  const std::string next = Query(request, "continue");
  const int64_t as_of = next.empty() ? version_ : std::stoll(next);
  if (as_of < forgotten_) return {410, StatusBody(410, "Expired", "The provided continue parameter is too old")};
  const std::string after = next.empty() ? "" : next.substr(next.find(' ') + 1);
  const size_t limit = std::min<size_t>(page_size_, std::stoul(Query(request, "limit", "1000000")));
  Json items = Json::array(), metadata = {{"resourceVersion", std::to_string(as_of)}};
  for (auto it = objects_.upper_bound(after); it != objects_.end(); ++it) {
    if (!HasLabels(it->second, Query(request, "labelSelector"))) continue;
    if (items.size() == limit) {
      metadata["continue"] = fmt::format("{} {}", as_of, NameOf(items.back()));
      break;
    }
    items.push_back(it->second);
  }
  return {200, {{"kind", "LeaseList"}, {"metadata", metadata}, {"items", items}}};
}

FakeApiServer::Answered FakeApiServer::Get(const std::string& name) {
  const auto found = objects_.find(name);
  if (found == objects_.end()) return {404, StatusBody(404, "NotFound", "leases \"" + name + "\" not found")};
  return {200, found->second};
}

FakeApiServer::Answered FakeApiServer::Create(const Json& object) {
  if (const std::string field = Complaint(object); !field.empty()) return {422, StatusBody(422, "Invalid", field)};
  if (!VersionOf(object).empty()) return {400, StatusBody(400, "BadRequest", "resourceVersion should not be set")};
  if (objects_.contains(NameOf(object))) return {409, StatusBody(409, "AlreadyExists", "already exists")};
  Json kept = object;
  kept["metadata"]["uid"] = fmt::format("uid-{}", version_);
  return {201, Keep("ADDED", std::move(kept))};
}

FakeApiServer::Answered FakeApiServer::Replace(const std::string& name, Json object) {
  const auto found = objects_.find(name);
  if (NameOf(object) != name) return {400, StatusBody(400, "BadRequest", "the name of the object does not match")};
  if (const std::string field = Complaint(object); !field.empty()) return {422, StatusBody(422, "Invalid", field)};
  if (VersionOf(object).empty()) return {422, StatusBody(422, "Invalid", "metadata.resourceVersion")};
  if (found == objects_.end()) return {404, StatusBody(404, "NotFound", "leases \"" + name + "\" not found")};
  if (VersionOf(object) != VersionOf(found->second)) return {409, StatusBody(409, "Conflict", "modified")};
  object["metadata"]["uid"] = found->second["metadata"]["uid"];
  if (object == found->second) return {200, object};
  return {200, Keep("MODIFIED", std::move(object))};
}

FakeApiServer::Answered FakeApiServer::Delete(const std::string& name, const Json& options) {
  const auto found = objects_.find(name);
  if (found == objects_.end()) return {404, StatusBody(404, "NotFound", "not found")};
  const std::string uid = Text(Member(options, "preconditions"), "uid");
  if (!uid.empty() && uid != Text(found->second["metadata"], "uid"))
    return {409, StatusBody(409, "Conflict", "the UID in the precondition does not match")};
  Forget(name);
  return {200, {{"kind", "Status"}, {"status", "Success"}}};
}

Json FakeApiServer::Keep(const std::string& type, Json object) {
  object["metadata"]["resourceVersion"] = std::to_string(++version_);
  objects_[NameOf(object)] = object;
  events_.push_back({version_, type, object});
  changed_.NotifyAll();
  return object;
}

void FakeApiServer::Forget(const std::string& name) {
  const auto found = objects_.find(name);
  if (found == objects_.end()) return;
  Json last = found->second;
  objects_.erase(found);
  last["metadata"]["resourceVersion"] = std::to_string(++version_);
  events_.push_back({version_, "DELETED", last});
  changed_.NotifyAll();
}

void FakeApiServer::Watch(const HttpRequest& request, HttpAnswer& answer) {
  const MonotonicTime until = MonotonicNow() + std::chrono::seconds(std::stoll(Query(request, "timeoutSeconds", "60")));
  int64_t version = std::stoll(Query(request, "resourceVersion", "0"));
  uint64_t round = 0;
  bool ended = false, refused = false;
  {
    MutexLock lock(mutex_);
    round = round_;
    ++watches_;
    changed_.NotifyAll();
    refused = !token_.empty() && request.token != token_;
  }
  if (refused) return answer.Whole(401, StatusBody(401, "Unauthorized", "Unauthorized").dump());
  if (!answer.Begin()) return;
  while (!ended) {
    const std::string lines = NextLines(request, version, round, until, ended);
    if (!Send(answer, lines)) return answer.Cut();
    MutexLock lock(mutex_);
    if (!up_ || (ended && round != round_ && cut_)) return answer.Cut();
  }
  answer.End();
}

std::string FakeApiServer::NextLines(const HttpRequest& request, int64_t& version, uint64_t round, MonotonicTime until,
                                     bool& ended) {
  MutexLock lock(mutex_);
  for (;;) {
    ended = !up_ || round != round_ || MonotonicNow() >= until;
    if (version < forgotten_) {
      ended = true;
      return Line("ERROR", StatusBody(410, "Expired", "too old resource version"));
    }
    std::string lines;
    for (const Event& event : events_) {
      if (event.version > version && HasLabels(event.object, Query(request, "labelSelector")))
        lines += Line(event.type, event.object);
    }
    version = version_;
    if (ended && cut_) return lines + "{\"type\":\"MODI";
    if (ended) return lines + Line("BOOKMARK", {{"metadata", {{"resourceVersion", std::to_string(version)}}}});
    if (!lines.empty()) return lines;
    changed_.WaitUntil(mutex_, until);
  }
}

bool FakeApiServer::Send(HttpAnswer& answer, const std::string& lines) {
  bool dribble = false;
  {
    MutexLock lock(mutex_);
    dribble = dribble_;
  }
  if (!dribble) return lines.empty() || answer.Chunk(lines);
  return std::all_of(lines.begin(), lines.end(), [&](const char& byte) { return answer.Chunk({&byte, 1}); });
}

}  // namespace pbfs::kube
