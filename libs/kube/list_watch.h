#pragma once

#include <string>
#include <vector>

#include "libs/base/random.h"
#include "libs/base/stop_signal.h"
#include "libs/kube/kube_api.h"

namespace pbfs::kube {

/// Follows the objects of a selection on a thread of its own: lists them, watches from there, lists again when the
/// version is too old (410) or after any failure, with a random pause of 0 to `back_off_max` that doubles from 200 ms,
/// after what the server asks for. For a level-based owner: it learns what is, not each change.
class ListWatch {
 public:
  /// Called on the thread, one call at a time. Must not block for long.
  class Sink {
   public:
    virtual ~Sink() = default;
    /// All that there is.
    virtual void OnList(const std::vector<Json>& items) = 0;
    /// A change; bookmarks never come here.
    virtual void OnEvent(const WatchEvent& event) = 0;
    /// What is known may be old from now on, until the next OnList.
    virtual void OnFailure(const Status& status) = 0;
  };
  struct Options {
    Selection selection;
    Duration watch = std::chrono::seconds(60);
    Duration back_off_max = std::chrono::seconds(10);
  };

  /// Begins at once. All references outlive this.
  ListWatch(KubeApi& api, Random& random, Options options, Sink& sink);
  /// Waits for a call under way for 100 ms at most, and for a sink that is called.
  ~ListWatch();
  ListWatch(const ListWatch&) = delete;
  ListWatch& operator=(const ListWatch&) = delete;

 private:
  void Run();
  /// One list, or one watch from version_.
  Status Step();
  Status ListAll();
  Status WatchOn();
  Duration Pause(const Status& status, bool listing, Duration took);

  KubeApi& api_;
  Random& random_;
  const Options options_;
  Sink& sink_;
  std::string version_;  // where to watch on; empty: list first. Of the thread
  int failures_ = 0;     // in a row. Of the thread
  const Context life_;   // cancelled by the destructor
  StopSignal stop_;
  Thread thread_;  // last: it uses all the above
};

}  // namespace pbfs::kube
