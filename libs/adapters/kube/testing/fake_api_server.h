#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "libs/adapters/kube/testing/https_server.h"
#include "libs/kube/kube_json.h"

namespace pbfs::kube {

/// Lease objects behind the REST interface of a Kubernetes API server. Versions are one counter, as etcd's are; a
/// replacement that changes nothing makes no version and no event, as there. Threads: any.
class FakeApiServer {
 public:
  explicit FakeApiServer(const TlsFiles& files);
  ~FakeApiServer();

  std::string url() const { return "https://127.0.0.1:" + std::to_string(server_.port()); }
  /// Stops and starts listening, at the same port; objects stay.
  void SetAvailable(bool up);

  /// The only token that is good from now on; empty (as at first): any.
  void SetToken(const std::string& token);
  /// Forgets all events so far: who watches from before gets 410. Also ends watches under way with that.
  void Compact();
  /// Ends the watches under way cleanly, each after a bookmark; waits for one if there is none.
  void EndWatches() { NextRound(false); }
  /// Breaks them in the middle of a line.
  void CutWatches() { NextRound(true); }
  /// Watches send a byte a chunk.
  void SetDribble(bool dribble);
  /// The next `count` requests with `method` get `status`, with `headers` ("Name: value\r\n"). `after`: what they ask
  /// for is done.
  void FailNext(const std::string& method, int count, int status, bool after = false, const std::string& headers = "");
  /// Pages of lists are at most this long, whatever the client asks for.
  void SetPageSize(int size);

  /// Requests so far by method, watches as "WATCH".
  int Count(const std::string& method) const;
  /// Writes an object as it is, as somebody else would.
  void Put(Json object);
  void Remove(const std::string& name);
  Json Find(const std::string& name) const;

 private:
  struct Event {
    int64_t version;
    std::string type;
    Json object;
  };
  struct Failure {
    int count = 0, status = 0;
    bool after = false;
    std::string headers;
  };
  struct Answered {
    int status = 200;
    Json body;
  };

  void Handle(const HttpRequest& request, HttpAnswer& answer);
  /// A failure that was asked for; its count goes down.
  Failure TakeFailure(const std::string& method);
  Answered Serve(const HttpRequest& request);
  Answered List(const HttpRequest& request) PBFS_REQUIRES(mutex_);
  Answered Get(const std::string& name) PBFS_REQUIRES(mutex_);
  Answered Create(const Json& object) PBFS_REQUIRES(mutex_);
  Answered Replace(const std::string& name, Json object) PBFS_REQUIRES(mutex_);
  Answered Delete(const std::string& name, const Json& options) PBFS_REQUIRES(mutex_);
  Json Keep(const std::string& type, Json object) PBFS_REQUIRES(mutex_);
  void Forget(const std::string& name) PBFS_REQUIRES(mutex_);

  void NextRound(bool cut);
  void Watch(const HttpRequest& request, HttpAnswer& answer);
  /// The lines of what happened after `version`, which moves on; waits for the first. `ended`: no more will come.
  std::string NextLines(const HttpRequest& request, int64_t& version, uint64_t round, MonotonicTime until, bool& ended);
  bool Send(HttpAnswer& answer, const std::string& lines);

  mutable Mutex mutex_;
  CondVar changed_;
  bool up_ PBFS_GUARDED_BY(mutex_) = true;
  std::string token_ PBFS_GUARDED_BY(mutex_);
  int64_t version_ PBFS_GUARDED_BY(mutex_) = 1000;
  int64_t forgotten_ PBFS_GUARDED_BY(mutex_) = 0;  // events up to this version are gone
  uint64_t round_ PBFS_GUARDED_BY(mutex_) = 0;     // watches of an older one end
  bool cut_ PBFS_GUARDED_BY(mutex_) = false;       // ... in the middle of a line
  int watches_ PBFS_GUARDED_BY(mutex_) = 0;        // of this round
  bool dribble_ PBFS_GUARDED_BY(mutex_) = false;
  size_t page_size_ PBFS_GUARDED_BY(mutex_) = 1 << 20;
  std::map<std::string, Json> objects_ PBFS_GUARDED_BY(mutex_);
  std::deque<Event> events_ PBFS_GUARDED_BY(mutex_);
  std::map<std::string, Failure> failures_ PBFS_GUARDED_BY(mutex_);
  std::map<std::string, int> counts_ PBFS_GUARDED_BY(mutex_);
  HttpsServer server_;  // last: it calls the above
};

}  // namespace pbfs::kube
