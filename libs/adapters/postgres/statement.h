#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pbfs::postgres {

/// One SQL statement of sql/statements: prepared once on each connection under its name. Its parameters are cast in its
/// text ($1::uuid[]), so the server knows their types.
struct Statement {
  std::string_view name;
  std::string_view text;
};

/// One file of sql/migrations. Applied ones never change: a new file changes the schema.
struct Migration {
  int version = 0;
  std::string name;
  std::string text;
};

}  // namespace pbfs::postgres
