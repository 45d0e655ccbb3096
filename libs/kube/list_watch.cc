#include "libs/kube/list_watch.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace pbfs::kube {
namespace {

constexpr Duration kBackOff = std::chrono::milliseconds(200);

/// What the server asks for; nobody waits longer than a minute here.
Duration AskedFor(const Status& status) {
  const std::string wait = status.Detail(kRetryAfterMs).value_or("0");
  return std::chrono::milliseconds(std::min<int64_t>(std::strtoll(wait.c_str(), nullptr, 10), 60'000));
}

}  // namespace

ListWatch::ListWatch(KubeApi& api, Random& random, Options options, Sink& sink)
    : api_(api), random_(random), options_(std::move(options)), sink_(sink), thread_("list-watch", [this] { Run(); }) {}

ListWatch::~ListWatch() {
  life_.Cancel();
  stop_.Stop();
  thread_.Join();
}

void ListWatch::Run() {
  Duration pause{};
  do {
    const bool listing = version_.empty();
    const MonotonicTime began = MonotonicNow();
    const Status status = Step();
    if (stop_.stopped()) return;
    pause = Pause(status, listing, MonotonicNow() - began);
    if (status.ok() || status.code() == StatusCode::kOutOfRange) continue;
    sink_.OnFailure(status);
    version_.clear();  // whoever comes back may be another server, restored from a copy: watch from a list of its own
  } while (stop_.Pause(pause));
}

Status ListWatch::Step() { return version_.empty() ? ListAll() : WatchOn(); }

Status ListWatch::ListAll() {
  PBFS_ASSIGN_OR_RETURN(const ObjectList list, api_.List(life_, options_.selection));
  sink_.OnList(list.items);
  version_ = list.version;
  return OkStatus();
}

Status ListWatch::WatchOn() {
  const Status status =
      api_.Watch(life_, options_.selection, version_, options_.watch, [this](const WatchEvent& event) {
        version_ = event.version;
        if (event.type != WatchEvent::Type::kBookmark) sink_.OnEvent(event);
      });
  if (status.code() == StatusCode::kOutOfRange) version_.clear();
  return status;
}

/// None after a list or a watch that lasted. A server that ends every watch at once, or calls every version too old, is
/// asked less and less often.
Duration ListWatch::Pause(const Status& status, bool listing, Duration took) {
  const bool lasted = !listing && took >= kBackOff;
  if (lasted) failures_ = 0;
  if (status.ok() && (listing || lasted)) return {};
  failures_ = std::min(failures_ + 1, 16);
  const Duration most = std::min(options_.back_off_max, kBackOff * (1 << (failures_ - 1)));
  return AskedFor(status) + Duration(static_cast<int64_t>(random_.Below(static_cast<uint64_t>(most.count()) + 1)));
}

}  // namespace pbfs::kube
