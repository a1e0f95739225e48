// SPDX-License-Identifier: Apache-2.0
#include "agent/seccomp/table.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include "agent/seccomp/walk.h"
#include "hullmark/seccomp.h"

namespace hullmark {

constexpr std::size_t kMostRanges = 8192;

void RangeTable::Add(NumberRange range, const CallRules& rules) {
  const auto [known, added] =
      rows_.try_emplace(rules, static_cast<std::uint32_t>(rules_.distinct.size()));
  if (added) rules_.distinct.push_back(rules);
  const std::uint32_t row = known->second;
  if (!rules_.ranges.empty() && rules_.ranges.back().row == row) {
    rules_.ranges.back().last = range.last;
  } else {
    rules_.ranges.push_back({.first = range.first, .last = range.last, .row = row});
  }
}

bool RangeTable::IsFull() const { return rules_.ranges.size() >= kMostRanges; }

ArchRules RangeTable::Close() && { return std::move(rules_); }

}  // namespace hullmark
