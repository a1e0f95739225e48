// SPDX-License-Identifier: Apache-2.0
#include "agent/evaluate/evaluate.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/evaluate/evaluator.h"
#include "agent/evaluate/findings.h"
#include "agent/evaluate/former_report.h"
#include "agent/evaluate/score.h"
#include "agent/evaluate/subject.h"
#include "agent/evaluate/waiving.h"
#include "hullmark/benchmark.h"
#include "hullmark/fact_digests.h"
#include "hullmark/glob.h"
#include "hullmark/host_mounts.h"
#include "hullmark/namespace_users.h"
#include "hullmark/report.h"
#include "hullmark/selector.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::size_t kShortId = 12;

// Threads of a process as its status counts them; without status those that were met.
std::uint32_t ThreadsOf(const Snapshot& snapshot, const Member& member) {
  const Process& process = snapshot.At(member.process);
  if (process.leader.status) return std::max(process.leader.status->threads, std::uint32_t{1});
  const auto recorded = RecordedThreads(snapshot, member.process);
  return static_cast<std::uint32_t>(recorded.size()) + process.threads_unread + 1;
}

// What a subject is compared with; made when the first one is judged.
struct Surroundings {
  explicit Surroundings(const Snapshot& snapshot) : users(snapshot), host_mounts(snapshot) {}

  NamespaceUsers users;
  HostMounts host_mounts;
};

class Evaluation {
 public:
  // `former` may be null: then everything is judged.
  Evaluation(const Snapshot& snapshot, const Benchmark& benchmark, const EvaluateOptions& options,
             FormerReport* former)
      : snapshot_(snapshot),
        benchmark_(benchmark),
        options_(options),
        former_(former),
        judging_(benchmark, options.examples, report_),
        waiving_(options.waivers, benchmark, options.at.value_or(snapshot.taken_at)) {}

  Report Run();  // Once.
  const Evaluator::Counts& judged() const { return judged_; }

 private:
  bool IsAskedFor(const Container& container) const;
  bool Selected(const Container& container) const;
  const Surroundings& Around();
  std::vector<Finding> FindingsOfHost();
  std::vector<Finding> FindingsOf(std::uint32_t at);
  Score Settle(std::vector<Finding>& findings);
  void AddContainer(std::uint32_t at);
  void Summarise();

  const Snapshot& snapshot_;
  std::optional<Surroundings> around_;
  const Benchmark& benchmark_;
  const EvaluateOptions& options_;
  FormerReport* former_;
  Report report_;
  Judging judging_;
  Waiving waiving_;
  Evaluator::Counts judged_;
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

const Surroundings& Evaluation::Around() {
  if (!around_) around_.emplace(snapshot_);
  return *around_;
}

std::vector<Finding> Evaluation::FindingsOfHost() {
  if (former_ != nullptr) {
    if (auto known = former_->FindingsOfHost(report_)) return *std::move(known);
  }
  judged_.host = true;
  const auto& [users, host_mounts] = Around();
  return judging_.Judge(Subject(snapshot_, users, host_mounts), true);
}

std::vector<Finding> Evaluation::FindingsOf(std::uint32_t at) {
  if (former_ != nullptr) {
    if (auto known = former_->FindingsOf(at, report_)) return *std::move(known);
  }
  ++judged_.containers;
  const auto& [users, host_mounts] = Around();
  return judging_.Judge(Subject(snapshot_, users, host_mounts, snapshot_.containers[at]), false);
}

// What a verdict comes to at this time.
Score Evaluation::Settle(std::vector<Finding>& findings) {
  Score score;
  for (Finding& finding : findings) {
    waiving_.Cover(finding);
    AddFinding(score, finding);
  }
  SetGrade(score, benchmark_.scoring);
  return score;
}

void Evaluation::AddContainer(std::uint32_t at) {
  const Container& container = snapshot_.containers[at];
  ContainerReport result = {.container = at,
                            .score = {},
                            .processes = static_cast<std::uint32_t>(container.members.size()),
                            .threads = 0,
                            .findings = FindingsOf(at)};
  for (const Member& member : container.members) result.threads += ThreadsOf(snapshot_, member);
  waiving_.Enter(snapshot_, container);
  result.score = Settle(result.findings);
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

Report Evaluation::Run() {
  report_.judged_at = options_.at.value_or(snapshot_.taken_at);
  waiving_.EnterHost();
  report_.host.findings = FindingsOfHost();
  report_.host.score = Settle(report_.host.findings);
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
  return Evaluation(snapshot, benchmark, options, nullptr).Run();
}

const Report& Evaluator::Judge(const Snapshot& snapshot, FactDigests digests) {
  std::optional<FormerReport> former;
  if (has_judged_) former.emplace(report_, digests_, digests);
  Evaluation evaluation(snapshot, benchmark_, options_, former ? &*former : nullptr);
  report_ = evaluation.Run();  // The former one is of no use any more.
  judged_ = evaluation.judged();
  digests_ = std::move(digests);
  has_judged_ = true;
  return report_;
}

}  // namespace hullmark
