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
#include "hullmark/ids.h"
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
  Judgement JudgeAt(const Subject& subject, std::size_t at, const Price& own);
  bool Escalates(std::size_t at) const;
  Finding ToFinding(const Subject& subject, std::size_t at, bool escalated);
  void AddProof(const Subject& subject, std::size_t at);
  StringId InternNote(std::size_t at);
  void AddContainer(std::uint32_t at);
  void Summarise();

  const Snapshot& snapshot_;
  NamespaceUsers users_;
  HostMounts host_mounts_;
  const Benchmark& benchmark_;
  const EvaluateOptions& options_;
  std::vector<Raiser> raisers_;    // By control.
  std::vector<Judgement> judged_;  // By control: of the host and of the container at hand.
  std::vector<Evidence> proof_;    // Of the control at hand.
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

Judgement Evaluation::JudgeAt(const Subject& subject, std::size_t at, const Price& own) {
  if (!benchmark_.controls[at].disabled.empty()) {
    return {.status = Status::kManual, .severity = own.severity};
  }
  return Judge(subject, benchmark_.controls[at], own, benchmark_.scoring, options_.examples,
               proof_);
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
  AddProof(subject, at);
  return {.control = static_cast<std::uint16_t>(at),
          .status = judgement.status,
          .severity = judgement.severity,
          .escalated = escalated,
          .points = judgement.points,
          .points_known = judgement.points_known,
          .offenders = judgement.offenders,
          .evidence_begin = begin,
          .evidence_end = static_cast<std::uint32_t>(report_.evidence.size()),
          .note = InternNote(at)};
}

StringId Evaluation::InternNote(std::size_t at) {
  const std::string& disabled = benchmark_.controls[at].disabled;
  if (!disabled.empty()) return report_.strings.Intern(std::string(kDisabled) + disabled);
  if (judged_[at].note.empty()) return StringId{};  // As nearly all are.
  return report_.strings.Intern(judged_[at].note);
}

// Proof of the examples, one after the other, as far as there is room. A run of tasks is asked
// once: what it says of one it says of all.
void Evaluation::AddProof(const Subject& subject, std::size_t at) {
  const Control& control = benchmark_.controls[at];
  const std::size_t end = report_.evidence.size() + options_.examples;
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
