#pragma once

#include <array>
#include <string_view>

/// deploy/prometheus and deploy/grafana, as they are (embed_monitoring.cmake).
namespace pbfs::operators {

struct Board {
  std::string_view name;  // "gateway", of gateway.json
  std::string_view json;
};

std::string_view AlertsText();
/// Those of a cluster; that of the operator itself is none of them.
const std::array<Board, 3>& Boards();

}  // namespace pbfs::operators
