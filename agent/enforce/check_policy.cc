// SPDX-License-Identifier: Apache-2.0
#include "agent/enforce/check_policy.h"

#include <algorithm>
#include <expected>
#include <string>
#include <string_view>

#include "agent/enforce/exec_bans.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/glob.h"
#include "hullmark/policy.h"
#include "hullmark/result.h"
#include "hullmark/selector.h"

namespace hullmark {
namespace {

// What a rule does at worst.
struct Worst {
  bool drastic = false, kills_processes = false;
};

Worst WorstOf(const Rule& rule) {
  Worst worst;
  for (const Step& step : rule.steps) {
    worst.drastic |= step.kind == ActionKind::kFreeze || IsKill(step.kind);
    worst.kills_processes |= step.kind == ActionKind::kKillProcess;
  }
  return worst;
}

// Why a rule must not go by a control; "": it may.
std::string_view WhyNot(const Rule& rule, const Worst& worst, const Control& control) {
  const Scope scope = control.check == nullptr ? Scope::kHost : control.check->scope();
  if (scope == Scope::kHost) return "is a control of the host: there is no container to act upon";
  if (worst.kills_processes && scope != Scope::kProcess) {
    return "is a control of whole containers: kill_process needs one of processes";
  }
  if (BansExecs(rule) && !IsBannable(control)) {
    return "cannot be judged by the kernel alone: kill_at_exec takes only what follows from "
           "capabilities, ids and the program's file";
  }
  if (!worst.drastic) return "";
  switch (control.enforceable) {
    case Enforceable::kNever:
      return "is never reason enough to freeze or kill";
    case Enforceable::kConditional:
      return IsEmpty(rule.select)
                 ? "is reason enough to freeze or kill only in a rule with a 'select'"
                 : "";
    case Enforceable::kAllowed:
      return "";
  }
  return "";
}

Result<void> CheckRule(const Rule& rule, const Benchmark& benchmark) {
  const std::string place = rule.source + ": rule '" + rule.name + "': ";
  const Worst worst = WorstOf(rule);
  for (const Glob& pattern : rule.controls) {
    bool any = false;
    for (const Control& control : benchmark.controls) {
      if (!pattern.Matches(control.id)) continue;
      any = true;
      const auto why = WhyNot(rule, worst, control);
      if (!why.empty()) {
        return Fail(ErrorCode::kMalformed, place + control.id + " " + std::string(why));
      }
    }
    if (!any)
      return Fail(ErrorCode::kMalformed, place + "no control is called " + pattern.pattern());
  }
  return {};
}

}  // namespace

Result<void> CheckPolicy(const Policy& policy, const Benchmark& benchmark) {
  for (const Rule& rule : policy.rules) {
    auto checked = CheckRule(rule, benchmark);
    if (!checked) return checked;
  }
  return {};
}

}  // namespace hullmark
