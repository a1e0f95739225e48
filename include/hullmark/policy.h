// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hullmark/check.h"
#include "hullmark/glob.h"
#include "hullmark/selector.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// What a site wants to be done about violations: the `enforce` key of the configuration. Times are
// milliseconds.

// In ascending order of what is done: a rule may be stricter than the policy, never looser.
enum class EnforceMode : std::uint8_t { kOff, kDryRun, kEnforce };

enum class ActionKind : std::uint8_t {
  kNotify,
  kThrottle,
  kFreeze,
  kKillProcess,
  kKill,
  kKillAtExec,  // By the kernel itself, as long as the rule stands: no step of a ladder.
  kHook,
};
inline constexpr int kActionKinds = 7;

// What can be taken back: its former state is a few bytes of cgroup files.
constexpr bool IsReversible(ActionKind kind) {
  return kind == ActionKind::kThrottle || kind == ActionKind::kFreeze;
}
constexpr bool IsKill(ActionKind kind) {
  return kind == ActionKind::kKillProcess || kind == ActionKind::kKill ||
         kind == ActionKind::kKillAtExec;
}

// `count` tasks, or so many more than there are.
struct PidsCap {
  bool above_current = false;
  std::uint32_t count = 0;

  friend bool operator==(const PidsCap&, const PidsCap&) = default;
};

// Limits on a container's own cgroup. One that is tighter already stays as it is.
struct Throttle {
  std::optional<std::int32_t> cpu_permille{};  // Of one CPU.
  std::optional<PidsCap> pids{};
  // Of the memory limit in force, of what is in use where there is none; v1: the soft limit.
  std::optional<std::int32_t> memory_high_permille{};
  std::optional<std::uint64_t>
      io_bytes{};  // Per second, of each disk, for reading and for writing.

  friend bool operator==(const Throttle&, const Throttle&) = default;
};

// A rung of a rule's ladder.
struct Step {
  ActionKind kind = ActionKind::kNotify;
  Throttle throttle{};                // Of kThrottle.
  std::int32_t signal = 15;           // Of a kill; SIGKILL follows it after `grace`.
  std::int64_t grace = 10'000;        // Of a kill.
  std::string hook{};                 // Of kHook: its name.
  std::optional<std::int64_t> ttl{};  // Takes the step back, unless the next one came before.
  std::int64_t next_after = 60'000;   // From this step to the next, if the violation persists.

  friend bool operator==(const Step&, const Step&) = default;
};

struct Rule {
  std::string name{};
  std::vector<Glob> controls{};         // Of control ids; one at least.
  Severity severity = Severity::kInfo;  // Effective severity, at least.
  std::vector<ContainerClass> classes = {ContainerClass::kContainer};
  std::int64_t persists = 0;  // `for`: the violation has to last so long first.
  Selector select{};
  std::vector<Step> steps{};          // One at least.
  std::optional<EnforceMode> mode{};  // nullopt: the policy's.
  std::string source{};               // "FILE:LINE".

  friend bool operator==(const Rule&, const Rule&) = default;
};

// So much may be done within `per`, and to so many containers:
// max(1, floor(permille * containers / 1000)).
struct Budget {
  std::int32_t actions = 3;
  std::int64_t per = 600'000;
  std::int32_t containers_permille = 50;

  friend bool operator==(const Budget&, const Budget&) = default;
};

struct Policy {
  EnforceMode mode = EnforceMode::kOff;
  Budget budget{};
  std::int64_t grace_after_start = 120'000;  // Of the agent, and of a container.
  std::vector<Rule> rules{};

  friend bool operator==(const Policy&, const Policy&) = default;
};

// What holds for a rule: the stricter of its own mode and the policy's.
constexpr EnforceMode ModeOf(const Policy& policy, const Rule& rule) {
  return rule.mode && *rule.mode < policy.mode ? *rule.mode : policy.mode;
}

// Whether a rule forbids execs instead of acting upon violations: then that is its only step.
constexpr bool BansExecs(const Rule& rule) {
  return !rule.steps.empty() && rule.steps.front().kind == ActionKind::kKillAtExec;
}

std::string_view NameOf(EnforceMode mode);  // "off", "dry_run", "enforce"
std::string_view NameOf(ActionKind kind);   // "notify", "kill_process"
std::optional<ActionKind> ActionKindOfName(std::string_view name);

}  // namespace hullmark
