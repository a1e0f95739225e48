// SPDX-License-Identifier: Apache-2.0
#include "agent/parse/id_map.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "agent/parse/cut.h"
#include "hullmark/facts.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr std::size_t kMostExtents = 340;  // UID_GID_MAP_MAX_EXTENTS

// Whether [first, first+count) lacks (uint32)-1, which is no id.
constexpr bool AreIds(std::uint32_t first, std::uint32_t count) {
  return count > 0 && count <= std::numeric_limits<std::uint32_t>::max() - first;
}

std::optional<IdExtent> ParseExtent(std::string_view line) {
  const auto inside = CutNumber<std::uint32_t>(line);
  const auto outside = CutNumber<std::uint32_t>(line);
  const auto count = CutNumber<std::uint32_t>(line);
  if (!inside || !outside || !count || !line.empty()) return std::nullopt;
  if (!AreIds(*inside, *count) || !AreIds(*outside, *count)) return std::nullopt;
  return IdExtent{.inside = *inside, .outside = *outside, .count = *count};
}

}  // namespace

Fact<IdMap> ParseIdMap(std::string_view text) {
  IdMap map;
  while (!text.empty()) {
    const auto line = CutLine(text);
    if (!line || map.size() == kMostExtents) return Malformed();
    const auto extent = ParseExtent(*line);
    if (!extent) return Malformed();
    map.push_back(*extent);
  }
  return map;
}

}  // namespace hullmark
