#include "libs/adapters/kube/lease_object.h"
#include "libs/adapters/kube/watch_parser.h"
#include "libs/base/bytes.h"
#include "libs/base/check.h"

namespace {

using pbfs::kube::DumpJson;
using pbfs::kube::LeaseObjects;
using pbfs::kube::WatchEvent;

/// A lease that an object holds can be taken, and is then what was asked for.
void CheckLease(const LeaseObjects& objects, const WatchEvent& event) {
  const auto record = objects.Parse(event.object);
  if (!record.ok()) return;
  PBFS_CHECK(record->duration >= std::chrono::seconds(1));
  const pbfs::LeaseInfo lease{record->info.key, "me", "v"};
  const auto held = objects.Held(event.object, lease, std::chrono::seconds(30), 1);
  PBFS_CHECK(held.ok() && objects.Parse(*held)->info == lease);
  PBFS_CHECK(objects.Parse(objects.Free(*held, 2))->info.holder.empty());
  PBFS_CHECK(DumpJson(*held).ok());
}

}  // namespace

// The first byte says how many bytes come at a time; the pieces of a watch change nothing.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const LeaseObjects objects = *LeaseObjects::Make("demo", "ns");
  if (size == 0) return 0;
  std::string_view text = pbfs::AsText({data + 1, size - 1});
  size_t whole_events = 0, events = 0;
  pbfs::kube::WatchParser whole(1 << 16), parser(1 << 16);
  const pbfs::Status wanted = whole.Add(text, [&](const WatchEvent& event) {
    ++whole_events;
    CheckLease(objects, event);
  });
  pbfs::Status status;
  for (const size_t piece = data[0] % 64 + 1; !text.empty(); text.remove_prefix(std::min(piece, text.size())))
    status = parser.Add(text.substr(0, piece), [&](const WatchEvent&) { ++events; });
  PBFS_CHECK(status.code() == wanted.code() && events == whole_events);
  return 0;
}
