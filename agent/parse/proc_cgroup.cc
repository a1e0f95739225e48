// SPDX-License-Identifier: Apache-2.0
#include "agent/parse/proc_cgroup.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "agent/parse/cut.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

std::optional<CgroupLine> ParseLine(std::string_view line) {
  const auto hierarchy = NumberOf<std::uint32_t>(Cut(line, ':'));
  const auto controllers = Cut(line, ':');
  const auto path = line;  // May hold colons.
  if (!hierarchy || !path.starts_with('/')) return std::nullopt;
  if ((*hierarchy == 0) != controllers.empty()) return std::nullopt;
  return CgroupLine{.hierarchy = *hierarchy,
                    .controllers = controllers,
                    .path = path,
                    .outside_view = path == "/.." || path.starts_with("/../")};
}

}  // namespace

Fact<std::vector<CgroupLine>> ParseProcCgroup(std::string_view text) {
  std::vector<CgroupLine> lines;
  while (!text.empty()) {
    const auto line = CutLine(text);
    if (!line) return Malformed();
    const auto parsed = ParseLine(*line);
    if (!parsed) return Malformed();
    lines.push_back(*parsed);
  }
  return lines;
}

std::optional<std::string_view> WithoutDeletedSuffix(std::string_view path) {
  constexpr std::string_view kDeleted = " (deleted)";
  if (!path.ends_with(kDeleted)) return std::nullopt;
  return path.substr(0, path.size() - kDeleted.size());
}

}  // namespace hullmark
