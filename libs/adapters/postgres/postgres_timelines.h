#pragma once

#include <memory>

#include "libs/adapters/postgres/postgres_catalog.h"
#include "libs/catalog/timelines.h"

namespace pbfs {

/// The timelines of a catalog's PostgreSQL, on one connection of its own to the primary. Connects when it is asked.
class PostgresTimelines final : public Timelines {
 public:
  explicit PostgresTimelines(const PostgresOptions& options);
  ~PostgresTimelines() override;

  Result<State> Load(const Context& context) override;
  Status Thaw(const Context& context, int32_t from, int32_t to) override;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace pbfs
