// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hullmark {

// What was asked for, as far as counters tell it apart: a fixed set, whatever clients invent.
enum class Route : std::uint8_t {
  kPage,
  kMetrics,
  kHealthz,
  kReadyz,
  kReport,
  kContainers,
  kContainer,
  kViolations,
  kActions,
  kEvents,
  kOpenApi,
  kOther,
};
inline constexpr std::size_t kRoutes = 12;
inline constexpr std::array<std::string_view, kRoutes> kRouteNames = {"/",
                                                                      "/metrics",
                                                                      "/healthz",
                                                                      "/readyz",
                                                                      "/api/v1/report",
                                                                      "/api/v1/containers",
                                                                      "/api/v1/containers/{id}",
                                                                      "/api/v1/violations",
                                                                      "/api/v1/actions",
                                                                      "/api/v1/events",
                                                                      "/api/v1/openapi.json",
                                                                      "other"};

// Statuses that the gateway answers with.
inline constexpr std::array<int, 12> kAnswerCodes = {200, 304, 400, 401, 403, 404,
                                                     405, 408, 414, 431, 500, 503};

// Requests by route and code since the gateway started.
using RequestCounts = std::array<std::array<std::uint64_t, kAnswerCodes.size()>, kRoutes>;

// The column of a code; that of 500 for one that is not in the table.
constexpr std::size_t ColumnOf(int code) {
  std::size_t column = 0;
  for (std::size_t at = 0; at < kAnswerCodes.size(); ++at) {
    if (kAnswerCodes[at] == code) return at;
    if (kAnswerCodes[at] == 500) column = at;
  }
  return column;
}

}  // namespace hullmark
