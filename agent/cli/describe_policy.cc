// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/describe_policy.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/cli/words.h"
#include "agent/config/config.h"
#include "agent/enforce/protection.h"
#include "agent/sinks/page.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/glob.h"
#include "hullmark/policy.h"
#include "hullmark/selector.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr Caption kItem = {.text = "  - ", .indent = 4};

std::string Time(std::int64_t milliseconds) {
  return Seconds(std::chrono::milliseconds(milliseconds));
}

std::string Percent(std::int32_t permille) { return std::to_string(permille / 10) + " %"; }

std::string SignalName(std::int32_t signal) {
  switch (signal) {
    case 1:
      return "SIGHUP";
    case 2:
      return "SIGINT";
    case 3:
      return "SIGQUIT";
    default:
      return "SIGTERM";
  }
}

std::string ThrottleInWords(const Throttle& throttle) {
  std::vector<std::string> parts;
  if (throttle.cpu_permille) parts.push_back(Percent(*throttle.cpu_permille) + " of a CPU");
  if (throttle.pids) {
    parts.push_back(throttle.pids->above_current
                        ? std::to_string(throttle.pids->count) + " tasks more than it has"
                        : Number(throttle.pids->count, "task"));
  }
  if (throttle.memory_high_permille) {
    parts.push_back(Percent(*throttle.memory_high_permille) +
                    " of its memory (of its limit, else of what it uses) without pressure");
  }
  if (throttle.io_bytes) {
    parts.push_back(std::to_string(*throttle.io_bytes / 1024) + " KiB/s from and to each disk");
  }
  return "its cgroup is limited to " + Join(parts, "nothing");
}

std::string KillInWords(const Step& step, std::string_view first, std::string_view then) {
  constexpr std::int32_t kKill = 9;
  if (step.signal == kKill) return std::string(then) + " SIGKILL";
  return std::string(first) + " " + SignalName(step.signal) + ", and after " + Time(step.grace) +
         " " + std::string(then) + " SIGKILL";
}

std::string ActionInWords(const Step& step) {
  switch (step.kind) {
    case ActionKind::kNotify:
      return "notice is given";
    case ActionKind::kThrottle:
      return ThrottleInWords(step.throttle);
    case ActionKind::kFreeze:
      return "all its processes are frozen";
    case ActionKind::kKillProcess:
      return KillInWords(step, "the process that offends gets", "it gets");
    case ActionKind::kKill:
      return KillInWords(step, "its init gets", "all in its cgroup get");
    case ActionKind::kKillAtExec:
      return "the kernel kills it";
    case ActionKind::kHook:
      return "the hook " + step.hook + " is called";
  }
  return "";
}

std::string StepsInWords(const Rule& rule) {
  std::string text;
  for (std::size_t at = 0; at < rule.steps.size(); ++at) {
    const Step& step = rule.steps[at];
    const bool last = at + 1 == rule.steps.size();
    text += (at == 0 ? "" : " ") + std::to_string(at + 1) + ". " + ActionInWords(step);
    // See agent/enforce/reflex.h.
    if (step.kind == ActionKind::kKillProcess && rule.persists == 0) {
      text +=
          " (as it executes, where the watcher has the kernel's events; an init that does so ends "
          "its container)";
    }
    if (IsReversible(step.kind)) {
      text += step.ttl ? ", for " + Time(*step.ttl) + (last ? "" : " or until the next step")
                       : ", until somebody takes it back or the agent ends";
    }
    text += last ? "." : "; after " + Time(step.next_after) + " more:";
  }
  return text;
}

std::string Controls(const Rule& rule, const Benchmark& benchmark) {
  std::vector<std::string> ids;
  for (const Control& control : benchmark.controls) {
    const bool meant = std::ranges::any_of(
        rule.controls, [&](const Glob& glob) { return glob.Matches(control.id); });
    if (meant) ids.push_back(control.id);
  }
  return Join(ids, "no control");
}

std::string ViolationInWords(const Rule& rule, const std::string& whom,
                             const Benchmark& benchmark) {
  return "when " + whom + " fail " + Controls(rule, benchmark) + ", from severity " +
         std::string(NameOf(rule.severity)) + " up, for " + Time(rule.persists) +
         " without a break: " + StepsInWords(rule);
}

std::string BanInWords(const Rule& rule, const std::string& whom, const Benchmark& benchmark) {
  return "whatever is executed in " + whom + " and fails " + Controls(rule, benchmark) +
         " is killed by the kernel before its first instruction, once the container was looked at "
         "and is older than the grace, if it has mounts and a cgroup of the v2 hierarchy of its "
         "own (else the log says so); an init that executes such a thing ends its container.";
}

void DescribeRule(Page& page, const Rule& rule, const Config& site, const Benchmark& benchmark) {
  const EnforceMode mode = ModeOf(site.enforce, rule);
  std::vector<std::string> classes;
  for (const ContainerClass one : rule.classes) classes.emplace_back(NameOf(one));
  const std::string whom =
      WhoIsMeant(rule.select, "any containers") + " of class " + Join(classes, "none");
  page.Paragraph(
      kItem, "Rule " + rule.name + " (" + rule.source + ", " + std::string(NameOf(mode)) +
                 "): " + (BansExecs(rule) ? BanInWords : ViolationInWords)(rule, whom, benchmark));
  for (const ContainerClass one : rule.classes) {
    if (std::ranges::find(site.classes, one) != site.classes.end()) continue;
    page.Paragraph({.indent = 4}, "WARNING: class " + std::string(NameOf(one)) +
                                      " is not judged ('classes'): nothing is done to it.");
  }
}

std::string ModeInWords(EnforceMode mode) {
  switch (mode) {
    case EnforceMode::kOff:
      return "off: nothing is done";
    case EnforceMode::kDryRun:
      return "dry_run: nothing is done, it is said what would be";
    case EnforceMode::kEnforce:
      return "enforce: containers are acted upon";
  }
  return "";
}

}  // namespace

void DescribePolicy(Page& page, const Config& site, const Benchmark& benchmark) {
  const Policy& policy = site.enforce;
  if (policy.mode == EnforceMode::kOff && policy.rules.empty()) return;
  page.Blank();
  page.Paragraph({}, "Enforcement is " + ModeInWords(policy.mode) + ".");
  const Budget& budget = policy.budget;
  page.Paragraph(kItem, "In " + Time(budget.per) + " at most " +
                            Number(static_cast<std::size_t>(budget.actions), "action") + ", to " +
                            std::to_string(budget.containers_permille / 10) + "." +
                            std::to_string(budget.containers_permille % 10) +
                            " % of the containers (one at least). What would be more opens the "
                            "breaker: from then on there are notices only, until 'hullmark undo "
                            "--reset-breaker'.");
  page.Paragraph(kItem, "Nothing is done in the first " + Time(policy.grace_after_start) +
                            " of the agent, nor of a container.");
  for (const Rule& rule : policy.rules) DescribeRule(page, rule, site, benchmark);
  page.Paragraph({}, "Whatever the rules say, nothing is ever done to:");
  for (const std::string_view never : NeverList()) {
    page.Paragraph(kItem, std::string(never) + ".");
  }
}

}  // namespace hullmark
