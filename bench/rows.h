#pragma once

#include <string>
#include <vector>

#include "bench/harness.h"

/// The families of rows of `scripts/bench`, one file each. Every family makes its own processes and objects, measures
/// subject and reference alternately and checks, outside the timing, that what it wrote reads back.
namespace pbfs::bench {

struct Options {
  int rounds = 5;         // of subject and reference, alternately; the row is about the median
  std::string directory;  // an empty one for whatever a family keeps on disk
};

/// Codec alone against R1. Bar 3.
std::vector<Row> CodecRows(const Options& options);
/// PUT and GET of 64 MiB objects against R2-PUT and R2-GET. Bar 3.
std::vector<Row> TransferRows(const Options& options);
/// The same without TLS on either side: what it costs.
std::vector<Row> TransferInClearRows(const Options& options);
/// Bytes handed to TCP by patches, and what stores, PostgreSQL and its standby write for them. Bar 5.
std::vector<Row> TrafficRows(const Options& options);
/// Memory of the client while 4 GiB pass through it, of a store under 64 writers. Bar 8.
std::vector<Row> MemoryRows(const Options& options);
/// The S3 gateway against the client library used directly: 64 MiB one at a time; 4 KiB on 64 connections.
std::vector<Row> GatewayLargeRows(const Options& options);
std::vector<Row> GatewaySmallRows(const Options& options);
/// Its memory under 2,000 idle and 64 active connections, and what 200 clients that drip do to the others.
std::vector<Row> GatewayLoadRows(const Options& options);
/// The catalog's commit path in process, and inline patches end to end, against R3. Bar 4.
std::vector<Row> CommitRows(const Options& options);
/// Reads of a patched region before and after a rehome, and a writer beside them. Bar 6.
std::vector<Row> MergeRows(const Options& options);
/// Very many patches of 4 KiB with what mends them by itself: reads, space, and what all disks write. Alone on its disk.
std::vector<Row> FragmentationRows(const Options& options);
std::vector<Row> LargeFragmentationRows(const Options& options);
/// Lists of a fragmented region among ten million extents against a SELECT by primary key. Bar 7.
std::vector<Row> CatalogListRows(const Options& options);

}  // namespace pbfs::bench
