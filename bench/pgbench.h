#pragma once

#include <string>

namespace pbfs::bench {

/// R3: pgbench inserting one row of 400 bytes per transaction, its statement prepared once, into a table of its own in a
/// PostgreSQL that commits to a synchronous standby as it does for the catalog. Failures end the program. Threads: one.
class Pgbench {
 public:
  /// Makes the table. `connection`: libpq's string of a role that may; `directory`: for its script and output.
  Pgbench(std::string connection, std::string directory);

  struct Figures {
    double rate = 0;        // transactions a second of all connections, without the time that connecting takes
    double p50_millis = 0;  // of one transaction; measured with one connection only
  };
  Figures Run(int connections, int seconds) const;

 private:
  const std::string connection_;
  const std::string directory_;
};

}  // namespace pbfs::bench
