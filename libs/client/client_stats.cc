#include "libs/client/client_stats.h"

namespace pbfs {

ClientStats ClientCounters::Snapshot() const {
  ClientStats stats;
  stats.bodies_written = bodies_written;
  stats.inline_bodies = inline_bodies;
  stats.plaintext_written = plaintext_written;
  stats.fragment_bytes_sent = fragment_bytes_sent;
  stats.fragments_missing = fragments_missing;
  stats.groups_given_up = groups_given_up;
  stats.commits = commits;
  stats.orders_stale = orders_stale;
  stats.commits_in_doubt = commits_in_doubt;
  stats.plaintext_read = plaintext_read;
  stats.fragment_bytes_read = fragment_bytes_read;
  stats.read_calls = read_calls;
  stats.hedges = hedges;
  stats.decoded_around = decoded_around;
  stats.lists = lists;
  stats.lists_again = lists_again;
  stats.rehomes_offered = rehomes_offered;
  stats.rehomes_done = rehomes_done;
  stats.rehomes_idle = rehomes_idle;
  stats.rehomes_failed = rehomes_failed;
  stats.rehomes_refused = rehomes_refused;
  stats.rehome_bytes = rehome_bytes;
  MutexLock lock(mutex_);
  stats.corrupt = corrupt_;
  stats.missing = missing_;
  return stats;
}

}  // namespace pbfs
