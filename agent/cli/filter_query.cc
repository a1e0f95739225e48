// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/filter_query.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/collect/memory.h"
#include "agent/evaluate/evaluate.h"
#include "agent/seccomp/answers.h"
#include "agent/seccomp/decoder.h"
#include "agent/seccomp/runtime_calls.h"
#include "agent/sinks/values.h"
#include "hullmark/benchmark.h"
#include "hullmark/caps.h"
#include "hullmark/facts.h"
#include "hullmark/filter_report.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"
#include "hullmark/result.h"
#include "hullmark/seccomp.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

const std::vector<ContainerClass> kAllClasses = {ContainerClass::kContainer, ContainerClass::kPause,
                                                 ContainerClass::kSandbox, ContainerClass::kService,
                                                 ContainerClass::kVm};

FilterSubject SubjectOf(const Snapshot& snapshot, std::uint32_t at) {
  const Container& container = snapshot.containers[at];
  FilterSubject subject = {.container = at};
  if (container.init) subject.processes.push_back(*container.init);
  for (const Member& member : container.members) {
    if (member.process != container.init) subject.processes.push_back(member.process);
  }
  return subject;
}

Result<FilterSubject> FindContainer(const Snapshot& snapshot, const std::string& name) {
  const Glob pattern(name);
  std::optional<std::uint32_t> found;
  for (std::uint32_t at = 0; at < snapshot.containers.size(); ++at) {
    if (!IsMeant(pattern, snapshot, snapshot.containers[at])) continue;
    if (found) return Fail(ErrorCode::kMalformed, name + ": several containers are called so");
    found = at;
  }
  if (!found) return Fail(ErrorCode::kNotFound, name + ": no container is called so");
  FilterSubject subject = SubjectOf(snapshot, *found);
  if (subject.processes.empty()) return Fail(ErrorCode::kNotFound, name + ": it has no process");
  return subject;
}

Result<FilterSubject> FindOne(const Snapshot& snapshot, Pid pid) {
  const Process* const process = FindProcess(snapshot.processes, pid);
  if (process == nullptr) {
    return Fail(ErrorCode::kNotFound,
                "--pid " + std::to_string(std::to_underlying(pid)) + ": there is no such process");
  }
  const auto index = static_cast<ProcessIndex>(process - snapshot.processes.data());
  FilterSubject subject = {.processes = {index}};
  for (std::uint32_t at = 0; at < snapshot.containers.size(); ++at) {
    const auto& members = snapshot.containers[at].members;
    if (std::ranges::find(members, index, &Member::process) != members.end()) {
      subject.container = at;
    }
  }
  return subject;
}

std::string ToText(Fault fault) { return std::string(NameOf(fault.code)); }

// Puts tasks together that have the same filters.
class Sets {
 public:
  Sets(const Snapshot& snapshot, FilterReport& report) : snapshot_(snapshot), report_(report) {}

  void Add(const Task& task, FilterSet::Task who) {
    if (!task.status) return AddUnknown("status: " + ToText(task.status.error()), who);
    if (!task.status->seccomp) return AddUnknown("status: it has no Seccomp line", who);
    if (task.status->seccomp == SeccompMode::kOff) {
      ++report_.unfiltered;
    } else if (task.status->seccomp == SeccompMode::kStrict) {
      ++report_.strict;
    } else if (!task.filters) {
      AddUnknown("the filters: " + ToText(task.filters.error()), who);
    } else {
      AddFiltered(*task.filters, task.status->bounding, who);
    }
  }

 private:
  void AddUnknown(const std::string& why, FilterSet::Task who) {
    const auto [known, added] = unknown_.try_emplace(why, report_.sets.size());
    if (added) report_.sets.push_back({.unknown = why});
    report_.sets[known->second].tasks.push_back(who);
  }

  void AddFiltered(SeccompFiltersIndex at, CapSet bounding, FilterSet::Task who) {
    const auto [known, added] = known_.try_emplace(at, report_.sets.size());
    if (added) report_.sets.push_back(SetOf(snapshot_.At(at), bounding));
    report_.sets[known->second].tasks.push_back(who);
  }

  FilterSet SetOf(const SeccompFilters& filters, CapSet bounding) const {
    FilterSet set;
    for (const SeccompProgramIndex at : filters.programs.value_or(kNone)) {
      const auto& program = snapshot_.seccomp_programs[static_cast<std::size_t>(at)];
      set.programs.push_back(program.instructions.size());
    }
    set.noted = filters.permitted.has_value();
    if (!filters.rules || !snapshot_.host.machine) {
      const ErrorCode code = filters.rules ? ErrorCode::kUnsupported : filters.rules.error().code;
      set.unknown = "what they answer: " + std::string(NameOf(code));
      return set;
    }
    set.abis = AnswersOf(**filters.rules, *snapshot_.host.machine);
    set.distance = DistanceToDefault(**filters.rules, *snapshot_.host.machine, bounding);
    return set;
  }

  inline static const std::vector<SeccompProgramIndex> kNone;

  const Snapshot& snapshot_;
  FilterReport& report_;
  std::map<std::string, std::size_t> unknown_;
  std::map<SeccompFiltersIndex, std::size_t> known_;
};

FilterFinding ToText(const Snapshot& snapshot, const Benchmark& benchmark, const Report& report,
                     const Finding& finding) {
  const Control& control = benchmark.controls[finding.control];
  FilterFinding said = {.id = control.id, .title = control.title, .status = finding.status};
  for (std::uint32_t at = finding.evidence_begin; at < finding.evidence_end; ++at) {
    const FindingEvidence& line = report.evidence[at];
    const std::string path = PathOf(snapshot, report, line);
    const std::string fact(report.strings[line.fact]);
    said.evidence.push_back(path.empty() ? fact : fact + " (" + path + ")");
  }
  return said;
}

void AddFindings(const Snapshot& snapshot, const Benchmark& benchmark, std::uint32_t container,
                 FilterReport& report) {
  constexpr std::uint32_t kExamples = 8;
  const Report judged =
      Evaluate(snapshot, benchmark, {.classes = kAllClasses, .examples = kExamples});
  for (const ContainerReport& one : judged.containers) {
    if (one.container != container) continue;
    for (const Finding& finding : one.findings) {
      if (benchmark.controls[finding.control].category != "seccomp") continue;
      report.findings.push_back(ToText(snapshot, benchmark, judged, finding));
    }
  }
}

}  // namespace

Result<FilterSubject> FindSubject(const Snapshot& snapshot, const std::string& container,
                                  std::optional<Pid> pid) {
  return pid ? FindOne(snapshot, *pid) : FindContainer(snapshot, container);
}

void FollowFilters(const FilterSubject& subject, Snapshot& snapshot) {
  Snapshot own;
  own.host.machine = snapshot.host.machine;
  own.seccomp_programs = snapshot.seccomp_programs;
  std::set<SeccompFiltersIndex> rows;
  for (const ProcessIndex at : subject.processes) {
    if (const auto& filters = snapshot.At(at).leader.filters) rows.insert(*filters);
    for (const Thread& thread : RecordedThreads(snapshot, at)) {
      if (thread.task.filters) rows.insert(*thread.task.filters);
    }
  }
  for (const SeccompFiltersIndex row : rows) own.seccomp_filters.push_back(snapshot.At(row));
  FilterDecoder().Decode(own);
  auto followed = own.seccomp_filters.begin();
  for (const SeccompFiltersIndex row : rows) {
    auto& rules = snapshot.seccomp_filters[static_cast<std::size_t>(row)].rules;
    if (!rules) rules = followed->rules;
    ++followed;
  }
}

FilterReport ReportFilters(const Snapshot& snapshot, const Benchmark& benchmark,
                           const FilterSubject& subject) {
  FilterReport report = {.machine = snapshot.host.machine, .problems = snapshot.vantage.problems};
  Sets sets(snapshot, report);
  for (const ProcessIndex at : subject.processes) {
    const Process& process = snapshot.At(at);
    sets.Add(process.leader, {.pid = process.pid, .tid = process.pid});
    for (const Thread& thread : RecordedThreads(snapshot, at)) {
      sets.Add(thread.task, {.pid = process.pid, .tid = thread.tid});
    }
  }
  if (subject.container) {
    const Container& container = snapshot.containers[*subject.container];
    report.name = CallName(snapshot, container);
    report.id = snapshot.Text(container.id);
    AddFindings(snapshot, benchmark, *subject.container, report);
  }
  return report;
}

Result<std::shared_ptr<const FilterRules>> RulesOfFirst(const Snapshot& snapshot,
                                                        const FilterSubject& subject) {
  const Task& task = snapshot.At(subject.processes.front()).leader;
  const auto who =
      "process " + std::to_string(std::to_underlying(snapshot.At(subject.processes.front()).pid));
  if (task.status && task.status->seccomp != SeccompMode::kFilter) {
    return Fail(ErrorCode::kNotFound, who + ": it has no filter");
  }
  if (!task.filters) return Fail(task.filters.error().code, who + ": its filters are not known");
  const auto& rules = snapshot.At(*task.filters).rules;
  if (!rules || !snapshot.host.machine) {
    return Fail(ErrorCode::kUnsupported, who + ": what its filters answer is not known");
  }
  return *rules;
}

}  // namespace hullmark
