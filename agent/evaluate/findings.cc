// SPDX-License-Identifier: Apache-2.0
#include "agent/evaluate/findings.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/evaluate/judge.h"
#include "agent/evaluate/subject.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"

namespace hullmark {
namespace {

constexpr std::string_view kDisabled = "switched off by the site's overrides: ";

std::vector<Raiser> RaisersOf(const Benchmark& benchmark) {
  std::vector<Raiser> raisers(benchmark.controls.size());
  for (std::size_t i = 0; i < raisers.size(); ++i) {
    const auto& escalation = benchmark.controls[i].escalation;
    if (!escalation) continue;
    const auto with = std::ranges::find(benchmark.controls, escalation->with, &Control::id);
    if (with == benchmark.controls.end()) continue;
    raisers[i] = {.with = static_cast<std::size_t>(with - benchmark.controls.begin()),
                  .escalation = &*escalation};
  }
  return raisers;
}

Price OwnPrice(const Control& control) {
  return {.severity = control.severity, .weight = control.weight};
}

// An escalation only ever raises.
Price RaisedPrice(const Control& control, const Escalation& escalation) {
  return {.severity = std::max(control.severity, escalation.price.severity),
          .weight = std::max(control.weight, escalation.price.weight)};
}

}  // namespace

Judging::Judging(const Benchmark& benchmark, std::uint32_t examples, Report& report)
    : benchmark_(benchmark),
      examples_(examples),
      report_(report),
      raisers_(RaisersOf(benchmark)),
      judged_(benchmark.controls.size()) {}

Judgement Judging::JudgeAt(const Subject& subject, std::size_t at, const Price& own) {
  if (!benchmark_.controls[at].disabled.empty()) {
    return {.status = Status::kManual, .severity = own.severity};
  }
  return hullmark::Judge(subject, benchmark_.controls[at], own, benchmark_.scoring, examples_,
                         proof_);
}

// Whether the verdict on its raiser makes a control dearer. Statuses do not depend on prices, so
// the order of escalations cannot matter.
bool Judging::Escalates(std::size_t at) const {
  const auto& [with, escalation] = raisers_[at];
  if (escalation == nullptr) return false;
  const Status status = judged_[with].status;
  return status == Status::kFail || (status == Status::kUnknown && escalation->on_unknown);
}

std::vector<Finding> Judging::Judge(const Subject& subject, bool host) {
  const auto& controls = benchmark_.controls;
  const auto in_scope = [&](const Control& control) {
    return (control.check->scope() == Scope::kHost) == host;
  };
  for (const auto& [with, escalation] : raisers_) {
    if (escalation == nullptr || !in_scope(controls[with])) continue;
    judged_[with] = JudgeAt(subject, with, OwnPrice(controls[with]));
  }
  std::vector<Finding> findings;
  findings.reserve(static_cast<std::size_t>(std::ranges::count_if(controls, in_scope)));
  for (std::size_t at = 0; at < controls.size(); ++at) {
    const Control& control = controls[at];
    if (!in_scope(control)) continue;
    const bool escalates = Escalates(at);
    judged_[at] =
        JudgeAt(subject, at,
                escalates ? RaisedPrice(control, *raisers_[at].escalation) : OwnPrice(control));
    findings.push_back(ToFinding(subject, at, escalates && judged_[at].at_own_price));
  }
  return findings;
}

Finding Judging::ToFinding(const Subject& subject, std::size_t at, bool escalated) {
  const Judgement& judgement = judged_[at];
  const auto begin = static_cast<std::uint32_t>(report_.evidence.size());
  AddProof(subject, at);
  return {.control = static_cast<std::uint16_t>(at),
          .status = judgement.status,
          .severity = judgement.severity,
          .escalated = escalated,
          .whole = judgement.whole,
          .weight = judgement.weight,
          .points = judgement.points,
          .points_known = judgement.points_known,
          .offenders = judgement.offenders,
          .evidence_begin = begin,
          .evidence_end = static_cast<std::uint32_t>(report_.evidence.size()),
          .note = InternNote(at)};
}

StringId Judging::InternNote(std::size_t at) {
  const std::string& disabled = benchmark_.controls[at].disabled;
  if (!disabled.empty()) return report_.strings.Intern(std::string(kDisabled) + disabled);
  if (judged_[at].note.empty()) return StringId{};  // As nearly all are.
  return report_.strings.Intern(judged_[at].note);
}

// Proof of the examples, one after the other, as far as there is room. A run of tasks is asked
// once: what it says of one it says of all.
void Judging::AddProof(const Subject& subject, std::size_t at) {
  const Control& control = benchmark_.controls[at];
  const std::size_t end = report_.evidence.size() + examples_;
  std::size_t asked = subject.VerdictsOn(control) == 1 ? 1 : 0;  // Judge() did.
  for (const std::uint32_t example : judged_[at].examples) {
    if (subject.EndOfRun(control, example) != asked) {
      proof_.clear();
      subject.Ask(control, example, &proof_);
      asked = subject.EndOfRun(control, example);
    }
    for (const Evidence& line : proof_) {
      if (report_.evidence.size() == end) return;
      const auto [pid, tid] =
          line.pid ? Subject::Culprit{line.pid, line.tid} : subject.Blame(control, example, line);
      report_.evidence.push_back({.pid = pid,
                                  .tid = tid,
                                  .cgroup = line.cgroup,
                                  .source = report_.strings.Intern(line.source),
                                  .fact = report_.strings.Intern(line.fact),
                                  .error_number = line.error_number});
    }
  }
}

}  // namespace hullmark
