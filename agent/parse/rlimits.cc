// SPDX-License-Identifier: Apache-2.0
#include "agent/parse/rlimits.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/parse/cut.h"
#include "hullmark/facts.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

struct Row {
  std::string_view name;
  Rlimit Rlimits::* limit;
};
constexpr std::array kRows = std::to_array<Row>({{"Max core file size ", &Rlimits::core},
                                                 {"Max processes ", &Rlimits::nproc},
                                                 {"Max open files ", &Rlimits::nofile},
                                                 {"Max locked memory ", &Rlimits::memlock}});

bool ReadValue(std::string_view word, std::optional<std::uint64_t>& into) {
  if (word == "unlimited") return true;
  into = NumberOf<std::uint64_t>(word);
  return into.has_value();
}

// The row whose line this is; kRows.size() for another limit's.
std::size_t RowOf(std::string_view line) {
  const auto* const row = std::ranges::find_if(
      kRows, [line](std::string_view name) { return line.starts_with(name); }, &Row::name);
  return static_cast<std::size_t>(row - kRows.begin());
}

bool ReadLimit(std::string_view values, Rlimit& into) {
  return ReadValue(CutWord(values), into.soft) && ReadValue(CutWord(values), into.hard);
}

}  // namespace

Fact<Rlimits> ParseRlimits(std::string_view text) {
  Rlimits limits;
  std::uint32_t seen = 0;  // Bit per row.
  while (!text.empty()) {
    const auto line = CutLine(text);
    if (!line) return Malformed();
    const auto at = RowOf(*line);
    if (at == kRows.size()) continue;
    const Row& row = kRows.at(at);
    if ((seen >> at & 1) != 0) return Malformed();
    if (!ReadLimit(line->substr(row.name.size()), limits.*row.limit)) return Malformed();
    seen |= 1U << at;
  }
  if (seen != (1U << kRows.size()) - 1) return Malformed();
  return limits;
}

}  // namespace hullmark
