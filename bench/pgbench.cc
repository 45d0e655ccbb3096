#include "bench/pgbench.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "bench/bench_cluster.h"
#include "bench/harness.h"
#include "tools/local/files.h"
#include "tools/local/process.h"

namespace pbfs::bench {
namespace {

constexpr const char* kTable = "CREATE TABLE row_400 (id bigserial PRIMARY KEY, filler text)";
constexpr const char* kInsert = "INSERT INTO row_400 (filler) VALUES (repeat('x', 400));\n";

std::string RunProgram(const std::string& program, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), Need(local::FindProgram(program)));
  return Need(local::RunProgram(Context::WithTimeout(std::chrono::minutes(2)), {.argv = std::move(arguments)}));
}

double NumberBehind(const std::string& text, const std::string& word) {
  const size_t at = text.find(word);
  PBFS_CHECK(at != std::string::npos, text);
  return std::strtod(text.c_str() + at + word.size(), nullptr);
}

// The third column of pgbench's logs is the time of a transaction in microseconds.
double MedianOfLogs(const std::string& directory) {
  std::vector<double> millis;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    std::ifstream in(entry.path());
    for (std::string line; std::getline(in, line);) {
      long long client = 0, number = 0, micros = 0;
      PBFS_CHECK(std::sscanf(line.c_str(), "%lld %lld %lld", &client, &number, &micros) == 3, line);
      millis.push_back(static_cast<double>(micros) / 1000);
    }
  }
  return Median(std::move(millis));
}

}  // namespace

Pgbench::Pgbench(std::string connection, std::string directory)
    : connection_(std::move(connection)), directory_(std::move(directory)) {
  std::filesystem::create_directories(directory_);
  std::ofstream(directory_ + "/insert.sql") << kInsert;
  RunProgram("psql", {"-Xq", "-v", "ON_ERROR_STOP=1", "-d", connection_, "-c", kTable});
}

Pgbench::Figures Pgbench::Run(int connections, int seconds) const {
  const std::string log = directory_ + "/log";
  std::vector<std::string> arguments = {"-n", "-M", "prepared", "-f", directory_ + "/insert.sql"};
  for (const char* option : {"-c", "-j", "-T"}) {
    const int value = option[1] == 'c' ? connections : option[1] == 'j' ? std::min(connections, 2) : seconds;
    arguments.insert(arguments.end(), {option, std::to_string(value)});
  }
  if (connections == 1) {
    std::filesystem::create_directories(log);
    arguments.insert(arguments.end(), {"-l", "--log-prefix=" + log + "/transactions"});
  }
  arguments.push_back(connection_);
  Figures figures;
  figures.rate = NumberBehind(RunProgram("pgbench", std::move(arguments)), "tps = ");
  if (connections == 1) {
    figures.p50_millis = MedianOfLogs(log);
    std::filesystem::remove_all(log);
  }
  return figures;
}

}  // namespace pbfs::bench
