// SPDX-License-Identifier: Apache-2.0
#include "agent/seccomp/rules.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "agent/seccomp/program.h"
#include "agent/seccomp/table.h"
#include "agent/seccomp/walk.h"
#include "hullmark/seccomp.h"
#include "hullmark/syscalls.h"

namespace hullmark {
namespace {

constexpr std::uint32_t kLastNumber = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t kMostRules = 1024;  // Of one call.

ArchRules RulesOfArch(const FilterProgram& program, std::uint32_t arch, WalkBudget& budget) {
  RangeTable table(arch);
  std::vector<NumberRange> left = {{.first = 0, .last = kLastNumber}};
  while (!left.empty()) {
    const NumberRange range = left.back();
    left.pop_back();
    if (budget.steps == 0 || table.IsFull()) {
      table.Add(range, UnknownRules());
      continue;
    }
    const auto walked = Walk(program, arch, range, budget);
    if (const auto* const split = std::get_if<SplitAt>(&walked)) {
      left.push_back({.first = split->number, .last = range.last});
      left.push_back({.first = range.first, .last = split->number - 1});
    } else {
      table.Add(range, std::get<CallRules>(walked));
    }
  }
  return std::move(table).Close();
}

CallRules Together(const CallRules& newer, const CallRules& older) {
  CallRules both;
  for (const CallRule& first : newer) {
    for (const CallRule& second : older) {
      CallRule rule = first;
      rule.when.insert(rule.when.end(), second.when.begin(), second.when.end());
      const std::optional<bool> possible = CanAllHold(rule.when);
      if (possible == false) continue;
      rule.answer = StricterOf(first.answer, second.answer);
      rule.certain = first.certain && second.certain && possible.has_value();
      both.push_back(std::move(rule));
      if (both.size() > kMostRules) return UnknownRules();
    }
  }
  const bool alike = std::ranges::all_of(both, [&](const CallRule& rule) {
    return rule.answer == both.front().answer && rule.certain;
  });
  if (alike && !both.empty()) return {{.answer = both.front().answer}};
  return both;
}

ArchRules Together(const ArchRules& newer, const ArchRules& older) {
  RangeTable table(newer.arch);
  auto first = newer.ranges.begin();
  auto second = older.ranges.begin();
  std::uint32_t from = 0;
  while (first != newer.ranges.end() && second != older.ranges.end()) {
    const std::uint32_t last = std::min(first->last, second->last);
    table.Add({.first = from, .last = last},
              Together(newer.distinct[first->row], older.distinct[second->row]));
    from = last + 1;
    if (first->last == last) ++first;
    if (second->last == last) ++second;
  }
  return std::move(table).Close();
}

}  // namespace

FilterRules RulesOf(const FilterProgram& program, Machine machine, WalkBudget& budget) {
  FilterRules rules;
  for (const Abi abi : AbisOf(machine)) {
    const std::uint32_t arch = AuditArchOf(abi);
    if (std::ranges::find(rules.archs, arch, &ArchRules::arch) != rules.archs.end()) continue;
    rules.archs.push_back(RulesOfArch(program, arch, budget));
  }
  return rules;
}

FilterRules Together(const FilterRules& newer, const FilterRules& older) {
  FilterRules rules;
  for (std::size_t at = 0; at < std::min(newer.archs.size(), older.archs.size()); ++at) {
    rules.archs.push_back(Together(newer.archs[at], older.archs[at]));
  }
  return rules;
}

}  // namespace hullmark
