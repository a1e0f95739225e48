// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <optional>
#include <span>

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

// A kernel without seccomp prints no line; so would a line we failed to find.
Verdict WithoutLine(const Host& host, EvidenceOut out) {
  const Fact<bool>& available = host.seccomp_filter_available;
  if (available && !*available) return NotApplicable("this kernel has no seccomp");
  return Unknown(out, "status", "no Seccomp line");
}

Verdict SystemCallFilterActive(const TaskView& view, const Params& params, EvidenceOut out) {
  if (!params.Bool(kAllThreads) && !IsLeader(view)) return NotApplicable("not the first thread");
  const Fact<ProcStatus>& status = view.task.status;
  if (!status) return Unknown(out, "status", status.error());
  const std::optional<SeccompMode> mode = status->seccomp;
  if (!mode) return WithoutLine(view.snapshot.host, out);
  if (*mode == SeccompMode::kOff) return Fail(out, "status", "Seccomp is 0 (off)");
  return Pass();
}

constexpr Check kChecks[] = {
    {.id = "SCP-001", .evaluate = SystemCallFilterActive, .params = kThreads},
};

}  // namespace

std::span<const Check> SeccompChecks() { return kChecks; }

}  // namespace hullmark
