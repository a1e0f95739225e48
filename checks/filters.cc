// SPDX-License-Identifier: Apache-2.0
#include "checks/filters.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "checks/kernel_settings.h"
#include "checks/three_valued.h"
#include "checks/verdicts.h"
#include "hullmark/call_groups.h"
#include "hullmark/caps.h"
#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/seccomp.h"
#include "hullmark/snapshot.h"
#include "hullmark/syscalls.h"

namespace hullmark {
namespace {

Verdict UnknownFilters(EvidenceOut out, std::string_view why, Fault fault) {
  if (out != nullptr) {
    out->push_back({.fact = std::string(why) + ": " + std::string(NameOf(fault.code)),
                    .error_number = fault.error_number});
  }
  return {.outcome = Outcome::kUnknown};
}

// Of certain rules only: what may be permitted is no way to be sure of.
bool Permits(const TaskFilters& filters, std::string_view call,
             std::span<const WordTest> where = {}) {
  return std::ranges::any_of(AbisOf(filters.machine), [&](Abi abi) {
    const std::optional<std::uint32_t> number = NumberOf(abi, call);
    return number && PermissionOf(filters.rules.At(abi, *number), where).permits;
  });
}

// Through either clone or unshare; the flags of clone3 lie in memory, where no filter sees them.
bool CanMakeUserNamespace(const TaskView& view, const TaskFilters& filters) {
  constexpr std::uint32_t kNewUser = 0x10000000;  // CLONE_NEWUSER
  constexpr std::array kWithFlag = {
      WordTest{.word = LowWord(0), .relation = WordTest::Relation::kNotEqual, .mask = kNewUser}};
  static const std::vector<SwitchedOff> kOff = {
      {.setting = "user/max_user_namespaces", .value = 0},
      {.setting = "kernel/unprivileged_userns_clone", .value = 0}};
  if (IsSwitchedOff(view.snapshot.host, kOff)) return false;
  return Permits(filters, "clone", kWithFlag) || Permits(filters, "unshare", kWithFlag) ||
         Permits(filters, "clone3");
}

// Over its own user namespace; by executing a program unless that gives nothing any more.
Fact<bool> CanHold(const Task& task, CapSet any) {
  if (!task.status) return std::unexpected(task.status.error());
  const bool gains = task.status->no_new_privs != true;
  const CapSet held = task.status->permitted | task.status->effective;
  return (gains ? held | task.status->bounding : held).Intersects(any);
}

}  // namespace

Verdict WithoutSeccompLine(const Host& host, EvidenceOut out) {
  const Fact<bool>& available = host.seccomp_filter_available;
  if (available && !*available) return NotApplicable("this kernel has no seccomp");
  return Unknown(out, "status", "no Seccomp line");
}

std::variant<TaskFilters, Verdict> FiltersOf(const TaskView& view, EvidenceOut out) {
  const Fact<ProcStatus>& status = view.task.status;
  if (!status) return Unknown(out, "status", status.error());
  const std::optional<SeccompMode> mode = status->seccomp;
  if (!mode) return WithoutSeccompLine(view.snapshot.host, out);
  if (mode == SeccompMode::kOff) return NotApplicable("there is no filter");
  if (mode == SeccompMode::kStrict) return Pass("strict mode: read, write and leave");
  const Fact<SeccompFiltersIndex>& filters = view.task.filters;
  if (!filters) return UnknownFilters(out, "seccomp filters", filters.error());
  const auto& rules = view.snapshot.At(*filters).rules;
  if (!rules) return UnknownFilters(out, "what the seccomp filters answer", rules.error());
  const std::optional<Machine> machine = view.snapshot.host.machine;
  if (!machine || *rules == nullptr) return Unknown(out, "", "the machine's architecture");
  return TaskFilters{.rules = **rules, .machine = *machine};
}

bool IsSwitchedOff(const Host& host, const std::vector<SwitchedOff>& settings) {
  return std::ranges::any_of(settings, [&](const SwitchedOff& off) {
    return SysctlNumber(host, off.setting) == Fact<std::int64_t>(off.value);
  });
}

Fact<bool> HasNeeded(const TaskView& view, const TaskFilters& filters, const CallNeeds& needs) {
  if (needs.any.empty()) return true;
  const Fact<bool> holds = CanHold(view.task, needs.any);
  if (!needs.user_namespace) {
    return Both(holds, InInitialUserNamespace(view.snapshot, view.task));
  }
  return Either(holds, CanMakeUserNamespace(view, filters));
}

bool PermitsRing(const TaskView& view, const TaskFilters& filters) {
  static const std::vector<SwitchedOff> kOff = {
      {.setting = "kernel/io_uring_disabled", .value = 2}};
  return !IsSwitchedOff(view.snapshot.host, kOff) && Permits(filters, "io_uring_setup") &&
         Permits(filters, "io_uring_enter");
}

}  // namespace hullmark
