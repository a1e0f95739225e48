// SPDX-License-Identifier: Apache-2.0
#include "agent/evaluate/evaluate.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/evaluate/judge.h"
#include "agent/evaluate/score.h"
#include "agent/evaluate/subject.h"
#include "agent/evaluate/waiving.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/glob.h"
#include "hullmark/host_mounts.h"
#include "hullmark/namespace_users.h"
#include "hullmark/report.h"
#include "hullmark/selector.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::size_t kShortId = 12;
constexpr std::string_view kDisabled = "switched off by the site's overrides: ";

// What raises the price of a control: the control `with`, by position in the benchmark.
struct Raiser {
  std::size_t with = 0;
  const Escalation* escalation = nullptr;  // nullptr: nothing does.
};

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

// Threads of a process as its status counts them; without status those that were met.
std::uint32_t ThreadsOf(const Snapshot& snapshot, const Member& member) {
  const Process& process = snapshot.At(member.process);
  if (process.leader.status) return std::max(process.leader.status->threads, std::uint32_t{1});
  const auto recorded = RecordedThreads(snapshot, member.process);
  return static_cast<std::uint32_t>(recorded.size()) + process.threads_unread + 1;
}

std::string NoteOf(const Control& control, const Judgement& judgement) {
  if (control.disabled.empty()) return std::string(judgement.note);
  return std::string(kDisabled) + control.disabled;
}

class Evaluation {
 public:
  Evaluation(const Snapshot& snapshot, const Benchmark& benchmark, const EvaluateOptions& options)
      : snapshot_(snapshot),
        users_(snapshot),
        host_mounts_(snapshot),
        benchmark_(benchmark),
        options_(options),
        raisers_(RaisersOf(benchmark)),
        judged_(benchmark.controls.size()),
        waiving_(options.waivers, benchmark, options.at.value_or(snapshot.taken_at)) {}

  Report Run() &&;

 private:
  bool IsAskedFor(const Container& container) const;
  bool Selected(const Container& container) const;
  std::vector<Finding> JudgeAll(const Subject& subject, bool host, Score& score);
  Judgement JudgeAt(const Subject& subject, std::size_t at, const Price& own) const;
  bool Escalates(std::size_t at) const;
  Finding ToFinding(const Subject& subject, std::size_t at, bool escalated);
  void AddContainer(std::uint32_t at);
  void Summarise();

  const Snapshot& snapshot_;
  NamespaceUsers users_;
  HostMounts host_mounts_;
  const Benchmark& benchmark_;
  const EvaluateOptions& options_;
  std::vector<Raiser> raisers_;
  std::vector<Judgement> judged_;  // By control: of the host and of the container at hand.
  Waiving waiving_;
  Report report_;
};

bool Evaluation::IsAskedFor(const Container& container) const {
  return std::ranges::count(options_.classes, container.container_class) > 0 &&
         Selects(options_.site, snapshot_, container, Belief::kAll);
}

bool Evaluation::Selected(const Container& container) const {
  if (options_.select.empty()) return true;
  return std::ranges::any_of(
      options_.select, [&](const Glob& pattern) { return IsMeant(pattern, snapshot_, container); });
}

Judgement Evaluation::JudgeAt(const Subject& subject, std::size_t at, const Price& own) const {
  if (!benchmark_.controls[at].disabled.empty()) {
    return {.status = Status::kManual, .severity = own.severity};
  }
  return Judge(subject, benchmark_.controls[at], own, benchmark_.scoring, options_.examples);
}

// Whether the verdict on its raiser makes a control dearer. Statuses do not depend on prices, so
// the order of escalations cannot matter.
bool Evaluation::Escalates(std::size_t at) const {
  const auto& [with, escalation] = raisers_[at];
  if (escalation == nullptr) return false;
  const Status status = judged_[with].status;
  return status == Status::kFail || (status == Status::kUnknown && escalation->on_unknown);
}

std::vector<Finding> Evaluation::JudgeAll(const Subject& subject, bool host, Score& score) {
  std::vector<std::size_t> in_scope;
  for (std::size_t at = 0; at < judged_.size(); ++at) {
    if ((benchmark_.controls[at].check->scope() == Scope::kHost) != host) continue;
    in_scope.push_back(at);
    judged_[at] = JudgeAt(subject, at, OwnPrice(benchmark_.controls[at]));
  }
  std::vector<Finding> findings;
  findings.reserve(in_scope.size());
  for (const std::size_t at : in_scope) {
    const bool escalates = Escalates(at);
    if (escalates) {
      const Price raised = RaisedPrice(benchmark_.controls[at], *raisers_[at].escalation);
      judged_[at] = JudgeAt(subject, at, raised);
    }
    Finding finding = ToFinding(subject, at, escalates && judged_[at].at_own_price);
    finding.waiver = waiving_.Cover(at, judged_[at]);
    if (finding.waiver) finding.status = Status::kWaived;
    AddControl(score, judged_[at], finding.waiver.has_value());
    findings.push_back(finding);
  }
  SetGrade(score, benchmark_.scoring);
  return findings;
}

Finding Evaluation::ToFinding(const Subject& subject, std::size_t at, bool escalated) {
  const Judgement& judgement = judged_[at];
  const auto begin = static_cast<std::uint32_t>(report_.evidence.size());
  const std::size_t end = begin + std::size_t{options_.examples};
  for (const std::uint32_t example : judgement.examples) {
    if (report_.evidence.size() >= end) break;
    for (const Evidence& proof : subject.Prove(benchmark_.controls[at], example)) {
      if (report_.evidence.size() >= end) break;
      report_.evidence.push_back({.pid = proof.pid,
                                  .tid = proof.tid,
                                  .source = report_.strings.Intern(proof.source),
                                  .fact = report_.strings.Intern(proof.fact),
                                  .error_number = proof.error_number});
    }
  }
  return {.control = static_cast<std::uint16_t>(at),
          .status = judgement.status,
          .severity = judgement.severity,
          .escalated = escalated,
          .points = judgement.points,
          .points_known = judgement.points_known,
          .offenders = judgement.offenders,
          .evidence_begin = begin,
          .evidence_end = static_cast<std::uint32_t>(report_.evidence.size()),
          .note = report_.strings.Intern(NoteOf(benchmark_.controls[at], judgement))};
}

void Evaluation::AddContainer(std::uint32_t at) {
  const Container& container = snapshot_.containers[at];
  ContainerReport result = {.container = at,
                            .score = {},
                            .processes = static_cast<std::uint32_t>(container.members.size()),
                            .threads = 0,
                            .findings = {}};
  for (const Member& member : container.members) result.threads += ThreadsOf(snapshot_, member);
  waiving_.Enter(snapshot_, container);
  result.findings =
      JudgeAll(Subject(snapshot_, users_, host_mounts_, container), false, result.score);
  report_.containers.push_back(std::move(result));
}

void Evaluation::Summarise() {
  Summary& summary = report_.summary;
  summary.containers = static_cast<std::uint32_t>(report_.containers.size());
  summary.weight_known = report_.host.score.weight_known;
  summary.weight_applicable = report_.host.score.weight_applicable;
  for (std::uint32_t i = 0; i < summary.containers; ++i) {
    const ContainerReport& container = report_.containers[i];
    const Score& score = container.score;
    const auto container_class = snapshot_.containers[container.container].container_class;
    ++summary.by_class[std::to_underlying(container_class)];
    ++(score.grade ? summary.by_grade[std::to_underlying(*score.grade)] : summary.without_grade);
    for (const Finding& finding : container.findings) {
      ++summary.by_status[std::to_underlying(finding.status)];
      if (finding.status != Status::kFail) continue;
      ++summary.by_severity[std::to_underlying(finding.severity)];
    }
    summary.weight_known += score.weight_known;
    summary.weight_applicable += score.weight_applicable;
    if (!summary.worst || score.exposure > report_.containers[*summary.worst].score.exposure) {
      summary.worst = i;
    }
  }
}

Report Evaluation::Run() && {
  report_.judged_at = options_.at.value_or(snapshot_.taken_at);
  waiving_.EnterHost();
  report_.host.findings =
      JudgeAll(Subject(snapshot_, users_, host_mounts_), true, report_.host.score);
  for (std::uint32_t at = 0; at < snapshot_.containers.size(); ++at) {
    const Container& container = snapshot_.containers[at];
    if (!IsAskedFor(container)) continue;
    Selected(container) ? AddContainer(at) : waiving_.Spare(snapshot_, container);
  }
  report_.waivers = waiving_.Close();
  Summarise();
  return std::move(report_);
}

}  // namespace

bool IsMeant(const Glob& pattern, const Snapshot& snapshot, const Container& container) {
  const std::string_view id = snapshot.Text(container.id);
  return pattern.Matches(snapshot.Text(container.name)) || pattern.Matches(id) ||
         pattern.Matches(id.substr(0, kShortId));
}

Report Evaluate(const Snapshot& snapshot, const Benchmark& benchmark,
                const EvaluateOptions& options) {
  return Evaluation(snapshot, benchmark, options).Run();
}

}  // namespace hullmark
