#include "bench/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "bench/rows.h"

namespace pbfs::bench {
namespace {

struct Family {
  const char* name;
  const char* what;
  std::vector<Row> (*run)(const Options& options);
  bool by_default;
};

constexpr Family kFamilies[] = {
    {"codec", "seal, code, check and open, without any wire", CodecRows, true},
    {"merge", "reads of a patched region, rehome, a writer beside them", MergeRows, true},
    {"catalog-list", "lists among ten million extents (minutes)", CatalogListRows, false},
    {"fragmentation", "20,000 patches of 4 KiB on 64 MiB, rehomes and collection", FragmentationRows, false},
    {"fragmentation-large", "200,000 on 1 GiB (a quarter of an hour)", LargeFragmentationRows, false},
    {"transfer", "put and get of 64 MiB objects over the wire", TransferRows, true},
    {"clear", "the same without TLS: what it costs", TransferInClearRows, true},
    {"traffic", "bytes that patches send and make others write", TrafficRows, true},
    {"memory", "the client under 4 GiB, stores under 64 writers", MemoryRows, true},
    {"gateway", "the S3 gateway against the client library used directly: 64 MiB objects", GatewayLargeRows, true},
    {"gateway-small", "the same: 4 KiB objects on 64 connections", GatewaySmallRows, true},
    {"gateway-load", "the S3 gateway under many connections, and slow ones", GatewayLoadRows, true},
    {"commit", "commits in process and inline patches end to end", CommitRows, true},
};

struct Arguments {
  Options options;
  std::vector<std::string> only;
  bool json = false, check = false, list = false;
};

bool Wanted(const Arguments& arguments, const Family& family) {
  if (arguments.only.empty()) return family.by_default;
  return std::find(arguments.only.begin(), arguments.only.end(), family.name) != arguments.only.end();
}

int Run(const Arguments& arguments) {
  if (arguments.list) {
    for (const Family& family : kFamilies) std::printf("%-20s %s\n", family.name, family.what);
    return 0;
  }
  std::vector<Row> rows;
  for (const Family& family : kFamilies) {
    if (!Wanted(arguments, family)) continue;
    std::fprintf(stderr, "== %s: %s\n", family.name, family.what);
    Options options = arguments.options;
    options.directory += std::string("/") + family.name;
    std::filesystem::create_directories(options.directory);
    for (Row& row : family.run(options)) rows.push_back(std::move(row));
    std::filesystem::remove_all(options.directory);
  }
  Print(rows, arguments.json);
  return !Check(rows) && arguments.check ? 1 : 0;
}

}  // namespace

int RunBench(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("What PBFS costs: one row a claim, each a ratio against a reference measured in the same run");
  app.add_option("--only", arguments.only, "Families of rows; all but the long ones unless given (see --list)");
  app.add_option("--rounds", arguments.options.rounds, "Of subject and reference, alternately")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  app.add_option("--dir", arguments.options.directory, "An empty directory on the disk to be measured")->required();
  app.add_flag("--json", arguments.json, "One JSON line a row");
  app.add_flag("--check", arguments.check, "End with 1 if a row falls short of its bar");
  app.add_flag("--list", arguments.list, "The families");
  CLI11_PARSE(app, argc, argv);
  return Run(arguments);
}

}  // namespace pbfs::bench
