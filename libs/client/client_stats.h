#pragma once

#include <atomic>
#include <cstdint>
#include <map>

#include "libs/base/ids.h"
#include "libs/base/sync.h"

namespace pbfs {

/// What a client has done since it was made: numbers only ever grow. Bytes are bytes.
struct ClientStats {
  int64_t bodies_written = 0;
  int64_t inline_bodies = 0;  // of them, kept in the catalog's row
  int64_t plaintext_written = 0;
  int64_t fragment_bytes_sent = 0;  // handed to stores, failed attempts included
  int64_t fragments_missing = 0;    // of committed bodies: shards without a receipt, left to the repairer
  int64_t groups_given_up = 0;      // uploads begun again in another placement group
  int64_t commits = 0;
  int64_t orders_stale = 0;      // commits made again under a newer order
  int64_t commits_in_doubt = 0;  // commits sent again because the outcome was unknown
  int64_t plaintext_read = 0;
  int64_t fragment_bytes_read = 0;
  int64_t read_calls = 0;      // to stores
  int64_t hedges = 0;          // calls for a spare shard because a store was slow
  int64_t decoded_around = 0;  // segments computed from parity
  int64_t lists = 0;
  int64_t lists_again = 0;             // because the lease was over or fragments were gone
  int64_t rehomes_offered = 0;         // regions found fragmented and queued; of these
  int64_t rehomes_done = 0;            //   were merged,
  int64_t rehomes_idle = 0;            //   needed nothing when they were looked at,
  int64_t rehomes_failed = 0;          //   failed: no memory to spare, stores away; the rest waits or was called off
  int64_t rehomes_refused = 0;         // offers turned away because too many wait
  int64_t rehome_bytes = 0;            // written by rehomes, offered or asked for; in plaintext_written too
  std::map<StoreId, int64_t> corrupt;  // fragments found wrong by reads, by the store that keeps them
  std::map<StoreId, int64_t> missing;  // fragments that reads wanted and the store where they belong does not have
};

/// The counters behind ClientStats. Threads: any.
struct ClientCounters {
  std::atomic<int64_t> bodies_written{0}, inline_bodies{0}, plaintext_written{0}, fragment_bytes_sent{0},
      fragments_missing{0}, groups_given_up{0}, commits{0}, orders_stale{0}, commits_in_doubt{0}, plaintext_read{0},
      fragment_bytes_read{0}, read_calls{0}, hedges{0}, decoded_around{0}, lists{0}, lists_again{0}, rehomes_offered{0},
      rehomes_done{0}, rehomes_idle{0}, rehomes_failed{0}, rehomes_refused{0}, rehome_bytes{0};

  void CountCorrupt(StoreId store) {
    MutexLock lock(mutex_);
    ++corrupt_[store];
  }
  void CountMissing(StoreId store) {
    MutexLock lock(mutex_);
    ++missing_[store];
  }
  ClientStats Snapshot() const;

 private:
  mutable Mutex mutex_;
  std::map<StoreId, int64_t> corrupt_ PBFS_GUARDED_BY(mutex_);
  std::map<StoreId, int64_t> missing_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs
