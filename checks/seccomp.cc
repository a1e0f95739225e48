// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "checks/filter_calls.h"
#include "checks/filters.h"
#include "checks/table.h"
#include "checks/verdicts.h"
#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr ParamSpec kThreads[] = {{"all_threads", ParamType::kBool}};
constexpr std::size_t kAllThreads = 0;

Verdict SystemCallFilterActive(const TaskView& view, const Params& params, EvidenceOut out) {
  if (!params.Bool(kAllThreads) && !IsLeader(view)) return NotApplicable("not the first thread");
  const Fact<ProcStatus>& status = view.task.status;
  if (!status) return Unknown(out, "status", status.error());
  const std::optional<SeccompMode> mode = status->seccomp;
  if (!mode) return WithoutSeccompLine(view.snapshot.host, out);
  if (*mode == SeccompMode::kOff) return Fail(out, "status", "Seccomp is 0 (off)");
  return Pass();
}

constexpr ParamSpec kCount[] = {{"min_filters", ParamType::kInteger}};
constexpr std::size_t kMinFilters = 0;

// What a process has to have: as many as were there when the container's first one was let go, as
// far as that one can still tell.
Fact<std::int64_t> LeastFilters(const TaskView& view, std::int64_t least) {
  if (!view.member.joined || !view.container.init) return least;
  const Fact<ProcStatus>& init = view.snapshot.At(*view.container.init).leader.status;
  if (!init) return std::unexpected(init.error());
  if (!init->seccomp_filters) return Missing(ErrorCode::kNotFound);
  return std::max<std::int64_t>(least, *init->seccomp_filters);
}

bool IsUnfiltered(const TaskView& view) {
  if (!view.container.init) return true;
  const Fact<ProcStatus>& init = view.snapshot.At(*view.container.init).leader.status;
  return init && init->seccomp == SeccompMode::kOff;
}

Verdict NoFewerFilters(const TaskView& view, const Params& params, EvidenceOut out) {
  const Fact<ProcStatus>& status = view.task.status;
  if (!status) return Unknown(out, "status", status.error());
  const std::optional<SeccompMode> mode = status->seccomp;
  if (!mode) return WithoutSeccompLine(view.snapshot.host, out);
  if (mode == SeccompMode::kStrict) return Pass();
  if (mode == SeccompMode::kOff && IsUnfiltered(view)) return NotApplicable("there is no filter");
  if (!status->seccomp_filters) return Unknown(out, "status", "no Seccomp_filters line");
  const Fact<std::int64_t> least = LeastFilters(view, params.Integer(kMinFilters));
  if (!least) return Unknown(out, "", "the filters of the container's init");
  if (*status->seccomp_filters >= *least) return Pass();
  return Fail(out, "status", [&] {
    return "Seccomp_filters is " + std::to_string(*status->seccomp_filters) + ", less than " +
           std::to_string(*least);
  });
}

constexpr ParamSpec kDanger[] = {{"min_level", ParamType::kSeverity},
                                 {"groups", ParamType::kCallGroups}};
constexpr ParamSpec kSiblings[] = {{"min_level", ParamType::kSeverity},
                                   {"families", ParamType::kCallFamilies}};
constexpr std::size_t kMinLevel = 0;
constexpr std::size_t kCalls = 1;
constexpr ParamSpec kProbes[] = {{"probe_numbers", ParamType::kIntegers}};
constexpr std::size_t kProbeNumbers = 0;

// `judge` is asked about the filters of a task that has any.
template <typename Judge>
Verdict JudgeFilters(const TaskView& view, EvidenceOut out, Judge judge) {
  const std::variant<TaskFilters, Verdict> filters = FiltersOf(view, out);
  if (const auto* const verdict = std::get_if<Verdict>(&filters)) return *verdict;
  return judge(std::get<TaskFilters>(filters));
}

Verdict NoDangerousCall(const TaskView& view, const Params& params, EvidenceOut out) {
  return JudgeFilters(view, out, [&](const TaskFilters& filters) {
    return PermitsNoneOf(view, filters, params.CallGroups(kCalls), params.Level(kMinLevel), out);
  });
}

Verdict NoSiblingLeftOpen(const TaskView& view, const Params& params, EvidenceOut out) {
  return JudgeFilters(view, out, [&](const TaskFilters& filters) {
    return LeavesNoneBeside(view, filters, params.CallFamilies(kCalls), params.Level(kMinLevel),
                            out);
  });
}

Verdict ForeignCallsFiltered(const TaskView& view, const Params&, EvidenceOut out) {
  return JudgeFilters(
      view, out, [&](const TaskFilters& filters) { return IsAsStrictEverywhere(filters, out); });
}

Verdict UnknownCallsDenied(const TaskView& view, const Params& params, EvidenceOut out) {
  return JudgeFilters(view, out, [&](const TaskFilters& filters) {
    return DeniesNumbers(filters, params.Integers(kProbeNumbers), out);
  });
}

constexpr Check kChecks[] = {
    {.id = "SCP-001", .evaluate = SystemCallFilterActive, .params = kThreads},
    {.id = "SCP-002", .evaluate = NoFewerFilters, .params = kCount},
    {.id = "SCP-003", .evaluate = NoDangerousCall, .params = kDanger},
    {.id = "SCP-004", .evaluate = NoSiblingLeftOpen, .params = kSiblings},
    {.id = "SCP-005", .evaluate = ForeignCallsFiltered, .params = {}},
    {.id = "SCP-006", .evaluate = UnknownCallsDenied, .params = kProbes},
};

}  // namespace

std::span<const Check> SeccompChecks() { return kChecks; }

}  // namespace hullmark
