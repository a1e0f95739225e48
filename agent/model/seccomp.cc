// SPDX-License-Identifier: Apache-2.0
#include "hullmark/seccomp.h"

#include <linux/seccomp.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hullmark/call_groups.h"
#include "hullmark/syscalls.h"

namespace hullmark {
namespace {

constexpr std::array<std::string_view, 8> kActionNames = {
    "kill_process", "kill_thread", "trap", "errno", "notify", "trace", "log", "allow"};

// The kernel compares actions as signed numbers: SECCOMP_RET_KILL_PROCESS is the lowest.
std::int32_t StrictnessOf(std::uint32_t answer) {
  return static_cast<std::int32_t>(answer & SECCOMP_RET_ACTION_FULL);
}

// What answers come to: those that are certain, and those that may be.
struct Tally {
  Permission certain, possible;

  void Add(std::uint32_t answer, bool is_certain) {
    const FilterAction action = ActionOf(answer);
    Add(action, possible);
    if (is_certain) Add(action, certain);
  }

  static void Add(FilterAction action, Permission& to) {
    to.untold = to.untold || action == FilterAction::kNotify;
    to.permits = to.permits || action > FilterAction::kNotify;
    to.denies = to.denies || action < FilterAction::kNotify;
  }
};

}  // namespace

FilterAction ActionOf(std::uint32_t answer) {
  switch (answer & SECCOMP_RET_ACTION_FULL) {
    case SECCOMP_RET_ALLOW:
      return FilterAction::kAllow;
    case SECCOMP_RET_LOG:
      return FilterAction::kLog;
    case SECCOMP_RET_TRACE:
      return FilterAction::kTrace;
    case SECCOMP_RET_USER_NOTIF:
      return FilterAction::kNotify;
    case SECCOMP_RET_ERRNO:
      return FilterAction::kErrno;
    case SECCOMP_RET_TRAP:
      return FilterAction::kTrap;
    case SECCOMP_RET_KILL_THREAD:
      return FilterAction::kKillThread;
    default:
      return FilterAction::kKillProcess;
  }
}

std::uint32_t StricterOf(std::uint32_t first, std::uint32_t second) {
  return StrictnessOf(second) < StrictnessOf(first) ? second : first;
}

std::string_view NameOf(FilterAction action) { return kActionNames[std::to_underlying(action)]; }

std::string ToText(std::uint32_t answer) {
  constexpr std::uint32_t kMostErrno = 4095;
  const FilterAction action = ActionOf(answer);
  std::string text(NameOf(action));
  const std::uint32_t number = answer & SECCOMP_RET_DATA;
  if (action == FilterAction::kErrno) text += " " + std::to_string(std::min(number, kMostErrno));
  return text;
}

CallRules UnknownRules() {
  return {{.answer = SECCOMP_RET_ALLOW, .certain = false},
          {.answer = SECCOMP_RET_KILL_PROCESS, .certain = false}};
}

const CallRules& ArchRules::At(std::uint32_t number) const {
  static const CallRules kUnknown = UnknownRules();
  const auto range = std::ranges::lower_bound(ranges, number, {}, &Range::last);
  if (range == ranges.end() || range->first > number) return kUnknown;
  return distinct[range->row];
}

const CallRules& FilterRules::At(Abi abi, std::uint32_t number) const {
  static const ArchRules kUnknown;
  const auto arch = std::ranges::find(archs, AuditArchOf(abi), &ArchRules::arch);
  return (arch == archs.end() ? kUnknown : *arch).At(number);
}

Permission PermissionOf(const CallRules& rules, std::span<const WordTest> where) {
  Tally tally;
  std::vector<WordTest> tests;
  for (const CallRule& rule : rules) {
    tests.assign(rule.when.begin(), rule.when.end());
    tests.insert(tests.end(), where.begin(), where.end());
    const std::optional<bool> reached = CanAllHold(tests);
    if (reached != false) tally.Add(rule.answer, rule.certain && reached.has_value());
  }
  // What is possible and what is certain differ, unless everything possible is of one kind.
  const Permission& possible = tally.possible;
  if (!possible.untold && possible.permits != possible.denies) return possible;
  tally.certain.untold = tally.certain.untold || tally.certain != possible;
  return tally.certain;
}

Permission PermissionOf(const CallRules& rules, const CallUse& use) {
  if (use.when.empty()) return PermissionOf(rules);
  Permission any;
  for (const std::vector<WordTest>& alternative : use.when) {
    const Permission one = PermissionOf(rules, alternative);
    any = {.permits = any.permits || one.permits,
           .denies = any.denies || one.denies,
           .untold = any.untold || one.untold};
  }
  return any;
}

}  // namespace hullmark
