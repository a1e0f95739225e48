// SPDX-License-Identifier: Apache-2.0
#include "agent/config/enforce.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "agent/benchmark/fields.h"
#include "agent/benchmark/yaml_tree.h"
#include "agent/config/hooks.h"
#include "agent/config/units.h"
#include "agent/config/values.h"
#include "hullmark/glob.h"
#include "hullmark/policy.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

using std::chrono::hours, std::chrono::milliseconds, std::chrono::minutes, std::chrono::seconds;

constexpr std::array<std::string_view, 3> kModes = {"off", "dry_run",
                                                    "enforce"};  // By EnforceMode.

std::optional<std::uint64_t> WholeNumber(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string_view TextOf(const YamlNode& node) {
  const bool scalar = node.kind == YamlKind::kPlain || node.kind == YamlKind::kQuoted;
  return scalar ? std::string_view(node.text) : std::string_view();
}

std::int64_t ReadTime(const YamlNode* node, milliseconds least, FieldReader& reading) {
  return ReadDuration(node, least, hours(24), reading).count();
}

// "10%", as thousandths.
std::int32_t ReadPercent(const YamlNode& node, std::uint64_t most, FieldReader& reading) {
  const std::string_view text = TextOf(node);
  const auto number =
      text.ends_with('%') ? WholeNumber(text.substr(0, text.size() - 1)) : std::nullopt;
  if (number && *number >= 1 && *number <= most) return static_cast<std::int32_t>(*number * 10);
  reading.Complain(node.line, Quoted(node.key) + " must be a whole percentage, from 1% to " +
                                  std::to_string(most) + "%");
  return 1000;
}

// "64" or "current+8".
PidsCap ReadPids(const YamlNode& node, FieldReader& reading) {
  constexpr std::string_view kCurrent = "current+";
  constexpr std::uint64_t kMost = 4'194'304;  // PID_MAX_LIMIT
  std::string_view text = TextOf(node);
  const bool above = text.starts_with(kCurrent);
  if (above) text.remove_prefix(kCurrent.size());
  const auto number = WholeNumber(text);
  if (number && *number >= (above ? 0U : 1U) && *number <= kMost) {
    return {.above_current = above, .count = static_cast<std::uint32_t>(*number)};
  }
  reading.Complain(node.line, "'pids' must be a number of tasks like 64, or current+8");
  return {};
}

// "1MiB/s".
std::uint64_t ReadRate(const YamlNode& node, FieldReader& reading) {
  constexpr std::string_view kPerSecond = "/s";
  constexpr std::uint64_t kLeast = std::uint64_t{4} << 10;
  const std::string_view text = TextOf(node);
  const auto size = text.ends_with(kPerSecond)
                        ? ParseSize(text.substr(0, text.size() - kPerSecond.size()))
                        : std::nullopt;
  if (size && *size >= kLeast) return *size;
  reading.Complain(node.line, "'io' must be a rate like 1MiB/s, 4KiB/s at least");
  return kLeast;
}

Throttle ReadThrottle(const YamlNode& node, FieldReader& reading) {
  constexpr std::uint64_t kMostCpu = 102'400;
  Fields fields(&node, reading);
  Throttle throttle;
  if (const auto* cpu = fields.TakeOptional("cpu")) {
    throttle.cpu_permille = ReadPercent(*cpu, kMostCpu, reading);
  }
  if (const auto* pids = fields.TakeOptional("pids")) throttle.pids = ReadPids(*pids, reading);
  if (const auto* memory = fields.TakeOptional("memory_high")) {
    throttle.memory_high_permille = ReadPercent(*memory, 100, reading);
  }
  if (const auto* io = fields.TakeOptional("io")) throttle.io_bytes = ReadRate(*io, reading);
  fields.RefuseOthers();
  if (throttle == Throttle{}) {
    reading.Complain(node.line, "'throttle' needs one of cpu, pids, memory_high, io");
  }
  return throttle;
}

void ReadKill(const YamlNode& node, Step& step, FieldReader& reading) {
  constexpr std::array<std::string_view, 5> kNames = {"TERM", "KILL", "INT", "QUIT", "HUP"};
  constexpr std::array<std::int32_t, 5> kNumbers = {15, 9, 2, 3, 1};  // See signal(7).
  Fields fields(&node, reading);
  if (const auto* signal = fields.TakeOptional("signal")) {
    step.signal = kNumbers.at(ReadWord(signal, kNames, reading));
  }
  if (const auto* grace = fields.TakeOptional("grace")) {
    step.grace = ReadDuration(grace, milliseconds(0), minutes(10), reading).count();
  }
  fields.RefuseOthers();
}

std::string ReadHookName(const YamlNode& node, std::span<const Hook> hooks, FieldReader& reading) {
  Fields fields(&node, reading);
  const YamlNode* name = fields.Take("name");
  std::string wanted = ReadText(name, reading);
  fields.RefuseOthers();
  if (wanted.empty()) return wanted;
  const auto hook = std::ranges::find(hooks, wanted, &Hook::name);
  if (hook == hooks.end()) {
    reading.Complain(name->line, "no hook is called " + Quoted(wanted));
  } else if (IsToldOfViolationsOnly(*hook)) {
    reading.Complain(name->line, Quoted(wanted) +
                                     " has the format alertmanager, which knows no "
                                     "actions; use cloudevents or a command");
  }
  return wanted;
}

// What the key of an action says.
void ReadAction(const YamlNode& node, ActionKind kind, std::span<const Hook> hooks, Step& step,
                FieldReader& reading) {
  step.kind = kind;
  switch (kind) {
    case ActionKind::kThrottle:
      step.throttle = ReadThrottle(node, reading);
      return;
    case ActionKind::kKillProcess:
    case ActionKind::kKill:
      return ReadKill(node, step, reading);
    case ActionKind::kHook:
      step.hook = ReadHookName(node, hooks, reading);
      return;
    case ActionKind::kNotify:
    case ActionKind::kFreeze:
    case ActionKind::kKillAtExec:
      return Fields(&node, reading).RefuseOthers();
  }
}

Step ReadStep(const YamlNode& node, std::span<const Hook> hooks, FieldReader& reading) {
  Fields fields(&node, reading);
  Step step;
  int actions = 0;
  for (int at = 0; at < kActionKinds; ++at) {
    const auto kind = static_cast<ActionKind>(at);
    const auto* action = fields.TakeOptional(NameOf(kind));
    if (action == nullptr) continue;
    ReadAction(*action, kind, hooks, step, reading);
    ++actions;
  }
  if (actions != 1) {
    reading.Complain(node.line,
                     "a step needs one of notify, throttle, freeze, kill_process, kill, "
                     "kill_at_exec, hook");
  }
  if (const auto* ttl = fields.TakeOptional("ttl")) {
    step.ttl = ReadTime(ttl, seconds(1), reading);
    if (!IsReversible(step.kind)) {
      reading.Complain(ttl->line, "'ttl' takes back throttle and freeze, nothing else");
    }
  }
  if (const auto* next = fields.TakeOptional("next_after")) {
    step.next_after = ReadTime(next, milliseconds(0), reading);
    if (step.kind == ActionKind::kKillAtExec) {
      reading.Complain(next->line, "'next_after' is of a ladder, and 'kill_at_exec' is none");
    }
  }
  fields.RefuseOthers();
  return step;
}

std::vector<Glob> ReadControls(const YamlNode* node, FieldReader& reading) {
  constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-*?{},";
  std::vector<Glob> controls;
  for (const std::string& text : ReadOneOrMore(node, reading)) {
    if (text.find_first_not_of(kAllowed) != std::string::npos) {
      reading.Complain(node->line, Quoted(text) + " is no control or pattern of controls (CAP-*)");
    }
    controls.emplace_back(text);
  }
  return controls;
}

void ReadWhen(const YamlNode* node, Rule& rule, FieldReader& reading) {
  Fields fields(node, reading);
  rule.controls = ReadControls(fields.Take("control"), reading);
  if (const auto* severity = fields.TakeOptional("severity")) {
    rule.severity = ReadSeverity(severity, reading);
  }
  if (const auto* classes = fields.TakeOptional("class")) {
    rule.classes = ReadClasses(classes, reading);
    if (std::ranges::find(rule.classes, ContainerClass::kPause) != rule.classes.end()) {
      reading.Complain(classes->line, "nothing is ever done to class pause");
    }
  }
  if (const auto* persists = fields.TakeOptional("for")) {
    rule.persists = ReadTime(persists, milliseconds(0), reading);
  }
  fields.RefuseOthers();
}

// The kernel judges an exec by itself, at once, and by nothing but what is in its map.
void RefuseForExecs(const Rule& rule, int line, FieldReader& reading) {
  const bool bans = std::ranges::any_of(
      rule.steps, [](const Step& step) { return step.kind == ActionKind::kKillAtExec; });
  if (!bans) return;
  if (rule.steps.size() > 1) {
    reading.Complain(line,
                     "'kill_at_exec' must be the only step of its rule: it comes before there is a "
                     "violation that others could act upon");
  }
  if (rule.persists != 0) {
    reading.Complain(line,
                     "'for' does not go with 'kill_at_exec': before its first instruction "
                     "nothing has lasted");
  }
  if (rule.severity != Severity::kInfo) {
    reading.Complain(line,
                     "'severity' does not go with 'kill_at_exec': the kernel knows controls "
                     "only, name them");
  }
}

Rule ReadRule(const YamlNode& node, EnforceMode global, std::span<const Hook> hooks,
              std::string_view name, FieldReader& reading) {
  Fields fields(&node, reading);
  Rule rule{.source = std::string(name) + ":" + std::to_string(node.line)};
  rule.name = ReadText(fields.Take("name"), reading);
  ReadWhen(fields.Take("when"), rule, reading);
  if (const auto* select = fields.TakeOptional("select")) {
    rule.select = ReadSelector(select, reading);
  }
  const YamlNode* steps = fields.Take("do");
  for (const YamlNode& step : ReadItems(steps, reading)) {
    rule.steps.push_back(ReadStep(step, hooks, reading));
  }
  if (steps != nullptr && rule.steps.empty()) reading.Complain(steps->line, "'do' is empty");
  if (steps != nullptr) RefuseForExecs(rule, steps->line, reading);
  if (const auto* mode = fields.TakeOptional("mode")) {
    rule.mode = static_cast<EnforceMode>(ReadWord(mode, kModes, reading));
    if (*rule.mode > global) {
      reading.Complain(mode->line, "a rule must not be looser than 'enforce.mode', which is " +
                                       std::string(NameOf(global)));
    }
  }
  fields.RefuseOthers();
  return rule;
}

Budget ReadBudget(const YamlNode* node, FieldReader& reading) {
  Budget budget;
  if (node == nullptr) return budget;
  Fields fields(node, reading);
  if (const auto* actions = fields.TakeOptional("actions")) {
    budget.actions = static_cast<std::int32_t>(ReadInteger(actions, 1, 10'000, reading));
  }
  if (const auto* per = fields.TakeOptional("per")) {
    budget.per = ReadTime(per, seconds(1), reading);
  }
  if (const auto* fraction = fields.TakeOptional("max_containers_fraction")) {
    budget.containers_permille =
        static_cast<std::int32_t>(std::lround(ReadFraction(fraction, reading) * 1000));
  }
  fields.RefuseOthers();
  return budget;
}

}  // namespace

Policy ReadPolicy(const YamlNode* node, std::span<const Hook> hooks, std::string_view name,
                  FieldReader& reading) {
  Policy policy;
  if (node == nullptr) return policy;
  Fields fields(node, reading);
  if (const auto* mode = fields.TakeOptional("mode")) {
    policy.mode = static_cast<EnforceMode>(ReadWord(mode, kModes, reading));
  }
  policy.budget = ReadBudget(fields.TakeOptional("budget"), reading);
  if (const auto* grace = fields.TakeOptional("grace_after_start")) {
    policy.grace_after_start = ReadTime(grace, milliseconds(0), reading);
  }
  if (const auto* rules = fields.TakeOptional("rules")) {
    for (const YamlNode& item : ReadItems(rules, reading)) {
      Rule rule = ReadRule(item, policy.mode, hooks, name, reading);
      if (std::ranges::find(policy.rules, rule.name, &Rule::name) != policy.rules.end()) {
        reading.Complain(item.line, "two rules are called " + Quoted(rule.name));
      }
      policy.rules.push_back(std::move(rule));
    }
  }
  fields.RefuseOthers();
  return policy;
}

}  // namespace hullmark
