// SPDX-License-Identifier: Apache-2.0
#include "agent/evaluate/process_judge.h"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {

ProcessJudge::ProcessJudge(const Benchmark& benchmark, const Report& report)
    : benchmark_(benchmark) {
  for (const ContainerReport& container : report.containers) {
    auto& failing = failing_[container.container];
    failing.resize(benchmark.controls.size());
    for (const Finding& finding : container.findings) {
      const bool fails = finding.status == Status::kFail || finding.status == Status::kWaived;
      failing[finding.control] = fails;
    }
  }
}

std::vector<ProcessFail> ProcessJudge::Judge(const Snapshot& snapshot, std::uint32_t container,
                                             const EndedProcess& process) const {
  std::vector<ProcessFail> fails;
  const auto failing = failing_.find(container);
  if (failing == failing_.end()) return fails;
  const Member member{.joined = process.joined};
  const TaskView view{.snapshot = snapshot,
                      .container = snapshot.containers[container],
                      .member = member,
                      .process = process.process,
                      .task = process.process.leader};
  for (std::size_t at = 0; at < benchmark_.controls.size(); ++at) {
    const Control& control = benchmark_.controls[at];
    if (control.check == nullptr || !control.disabled.empty()) continue;
    const auto* const check = std::get_if<ProcessCheck>(&control.check->evaluate);
    if (check == nullptr) continue;
    if ((*check)(view, control.params, nullptr).outcome != Outcome::kFail) continue;
    std::vector<Evidence> proof;
    const Verdict verdict = (*check)(view, control.params, &proof);
    fails.push_back({.control = at,
                     .severity = verdict.price ? verdict.price->severity : control.severity,
                     .fact = proof.empty() ? "" : std::move(proof.front().fact),
                     .is_news = !failing->second[at]});
  }
  return fails;
}

void ProcessJudge::Know(std::uint32_t container, const std::vector<ProcessFail>& fails) {
  const auto failing = failing_.find(container);
  if (failing == failing_.end()) return;
  for (const ProcessFail& fail : fails) failing->second[fail.control] = true;
}

}  // namespace hullmark
