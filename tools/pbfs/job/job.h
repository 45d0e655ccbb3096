#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/client/client.h"
#include "tools/pbfs/job/edits.h"
#include "tools/pbfs/job/reference_file.h"
#include "tools/pbfs/job/report.h"

namespace pbfs::cli {

struct JobOptions {
  int64_t size = int64_t{1} << 30;
  int patches = 2000;
  int writers = 4;
  uint64_t seed = 1;
  uint8_t k = 4, m = 2;
  std::string bucket;  // a new one
  std::string name = "usr.tar";
  std::string scratch = "/tmp";  // where the local reference file lies
};

/// What the main job does to its surroundings; each may be empty.
struct JobHooks {
  struct Kill {
    std::string name;
    double after = 0;  // share of the patches
  };
  std::vector<Kill> kills;
  std::function<Status(const std::string& name)> kill;
  std::function<int64_t()> disk_bytes;          // of all fragment stores
  std::function<void(const std::string&)> say;  // a line for people
  std::function<void(const char* what, int64_t done, int64_t total)> progress;
};

/// The main job: real bytes into a new bucket, concurrent patches at random unaligned ranges while servers are killed, then
/// every byte compared with a local file that got the same edits in the order that the catalog reports. It goes through the
/// client library only, so it runs over the in-memory twins as well. Threads: one; it starts its writers itself.
class MainJob {
 public:
  MainJob(Client& client, JobOptions options, JobHooks hooks);
  /// Errors: the first that a step could not get over. A difference is no error but a report that is not same().
  Result<JobReport> Run(const Context& context, ByteSource& source);

 private:
  struct Writers;

  Status Put(const Context& context, ByteSource& source);
  Status PatchAll(const Context& context);
  Status WriteOne(const Context& context, size_t index, MutableByteSpan buffer);
  Status ApplyHistory(const Context& context);
  Status ApplyOp(const HistoryEntry& entry);
  Status Compare(const Context& context);
  Status DrawMap(const Context& context);

  Client& client_;
  const JobOptions options_;
  const JobHooks hooks_;
  std::unique_ptr<ReferenceFile> reference_;
  std::vector<Edit> edits_;
  std::vector<Order> acknowledged_;    // by edit
  std::vector<int> times_in_history_;  // by edit
  std::vector<char> confirmed_;        // by edit: the history has it at the order that was acknowledged
  std::optional<Bucket> bucket_;
  Written put_;
  JobReport report_;
};

}  // namespace pbfs::cli
