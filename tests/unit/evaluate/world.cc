// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/evaluate/world.h"

#include <sys/types.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

// Checks are plain functions, so what they shall say travels in their parameters: per number five
// integers, and the note.
constexpr std::size_t kStride = 5;

std::vector<ParamValue> Script(const std::vector<Verdict>& says) {
  std::vector<std::int64_t> numbers;
  std::vector<std::string> notes;
  for (const Verdict& verdict : says) {
    const Price price = verdict.price.value_or(Price{});
    numbers.insert(numbers.end(),
                   {std::to_underlying(verdict.outcome), verdict.badness, verdict.price ? 1 : 0,
                    std::to_underlying(price.severity), price.weight});
    notes.emplace_back(verdict.note);
  }
  return {std::move(numbers), std::move(notes)};
}

std::string_view WordFor(Outcome outcome) {
  constexpr std::array<std::string_view, 4> kWords = {"does not apply", "passes", "is unknown",
                                                      "fails"};
  return kWords[std::to_underlying(outcome)];
}

Verdict Say(std::size_t number, const Params& params) {
  const auto& numbers = params.Integers(0);
  if (number * kStride >= numbers.size()) return Passes();
  const std::int64_t* at = &numbers[number * kStride];
  Verdict verdict = {.outcome = static_cast<Outcome>(at[0]),
                     .badness = static_cast<std::uint16_t>(at[1]),
                     .note = params.Strings(1)[number]};
  if (at[2] != 0) {
    verdict.price =
        Price{.severity = static_cast<Severity>(at[3]), .weight = static_cast<std::int32_t>(at[4])};
  }
  return verdict;
}

void Prove(const Verdict& verdict, std::string source, std::size_t number, EvidenceOut evidence) {
  if (evidence == nullptr || verdict.outcome < Outcome::kUnknown) return;
  evidence->push_back(
      {.source = std::move(source),
       .fact = std::to_string(number) + " " + std::string(WordFor(verdict.outcome))});
}

Verdict SayOfTask(const TaskView& view, const Params& params, EvidenceOut evidence) {
  const auto number = static_cast<std::size_t>(*view.task.label);
  const Verdict verdict = Say(number, params);
  Prove(verdict, "status", number, evidence);
  return verdict;
}

Verdict SayOfContainer(const ContainerView& view, const Params& params, EvidenceOut evidence) {
  const auto number = static_cast<std::size_t>(&view.container - view.snapshot.containers.data());
  const Verdict verdict = Say(number, params);
  Prove(verdict, "/sys/fs/cgroup/memory.max", number, evidence);
  return verdict;
}

Verdict SayOfHost(const Snapshot& /*snapshot*/, const Params& params, EvidenceOut evidence) {
  const Verdict verdict = Say(0, params);
  Prove(verdict, "", 0, evidence);
  return verdict;
}

// In the order of Scope.
constexpr std::array<Check, 3> kChecks = {
    {{.id = "TASK", .evaluate = ProcessCheck{SayOfTask}, .params = {}},
     {.id = "CONTAINER", .evaluate = ContainerCheck{SayOfContainer}, .params = {}},
     {.id = "HOST", .evaluate = HostCheck{SayOfHost}, .params = {}}}};

}  // namespace

Task World::NextTask() {
  Task task;
  snapshot.labels.push_back({.text = snapshot.strings.Intern(std::to_string(tasks_))});
  task.label = LabelIndex{tasks_++};
  return task;
}

std::uint32_t World::AddContainer(std::string_view name, std::string_view id) {
  Container container;
  container.name = snapshot.strings.Intern(name);
  container.id = snapshot.strings.Intern(id);
  snapshot.containers.push_back(std::move(container));
  return static_cast<std::uint32_t>(snapshot.containers.size() - 1);
}

ProcessIndex World::AddProcess(std::uint32_t container) {
  const ProcessIndex index{static_cast<std::uint32_t>(snapshot.processes.size())};
  Process process;
  process.pid = Pid{static_cast<pid_t>(100 + snapshot.processes.size())};
  process.leader = NextTask();
  snapshot.processes.push_back(process);
  snapshot.containers[container].members.push_back({.process = index});
  return index;
}

void World::AddEnded(std::uint32_t container, Pid pid) {
  Process process;
  process.pid = pid;
  process.leader = NextTask();
  snapshot.containers[container].ended.push_back({.process = process});
}

void World::AddThread(ProcessIndex process, Pid tid) {
  snapshot.threads.push_back({.process = process, .tid = tid, .task = NextTask()});
  std::ranges::sort(snapshot.threads, {},
                    [](const Thread& thread) { return std::pair(thread.process, thread.tid); });
}

Control& World::AddControl(Scope scope, Price price, const std::vector<Verdict>& says) {
  Control control;
  control.id = "C-" + std::to_string(benchmark.controls.size());
  control.severity = price.severity;
  control.weight = price.weight;
  control.params = Params(Script(says));
  control.check = &kChecks[std::to_underlying(scope)];
  benchmark.controls.push_back(std::move(control));
  return benchmark.controls.back();
}

std::vector<std::string> Facts(const Report& report, const Finding& finding) {
  std::vector<std::string> facts;
  for (auto at = finding.evidence_begin; at < finding.evidence_end; ++at) {
    facts.emplace_back(report.strings[report.evidence[at].fact]);
  }
  return facts;
}

std::vector<std::string> Sources(const Report& report, const Finding& finding) {
  std::vector<std::string> sources;
  for (auto at = finding.evidence_begin; at < finding.evidence_end; ++at) {
    sources.push_back(PathOf(Snapshot(), report, report.evidence[at]));  // None is of a cgroup.
  }
  return sources;
}

}  // namespace hullmark
