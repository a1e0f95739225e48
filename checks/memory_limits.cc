// SPDX-License-Identifier: Apache-2.0
#include "checks/memory_limits.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "checks/kernel_settings.h"
#include "checks/limits_in_force.h"
#include "checks/verdicts.h"
#include "hullmark/check.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::size_t kMaxFraction = 0;
constexpr std::size_t kAcceptAncestor = 1;
constexpr std::size_t kAcceptHigh = 2;

constexpr LimitFile kMemoryMax = {Controller::kMemory, "memory.limit_in_bytes", "memory.max"};
constexpr LimitFile kMemoryLow = {Controller::kMemory, "memory.soft_limit_in_bytes", "memory.low"};
constexpr LimitFile kSwapMax = {Controller::kMemory, "memory.memsw.limit_in_bytes",
                                "memory.swap.max"};
constexpr LimitFile kKernelMemory = {Controller::kMemory, "memory.kmem.limit_in_bytes",
                                     "memory.max"};
constexpr LimitFile kOomControl = {Controller::kMemory, "memory.oom_control", "memory.oom.group"};

// The limit, where one is known and finite.
Limit FiniteValue(const InForce<Limit>& limit) { return limit.value.value_or(std::nullopt); }

// The limit to judge: memory.high is gentler than a hard limit, and counts where the site says so.
const InForce<Limit>& MemoryLimitOf(const LimitsInForce& limits, bool accept_high) {
  const Limit high = FiniteValue(limits.memory_high);
  const Limit most = FiniteValue(limits.memory);
  if (!accept_high || !high || (most && *most <= *high)) return limits.memory;
  return limits.memory_high;
}

}  // namespace

Verdict MemoryLimited(const ContainerView& view, const Params& params, EvidenceOut out) {
  const auto& limit = MemoryLimitOf(view.container.limits, params.Bool(kAcceptHigh));
  if (!limit.value) return WithoutValue(view, kMemoryMax, out, limit.value.error());
  const Limit bytes = *limit.value;
  if (!bytes) return FailLimit(view, limit.source, kMemoryMax, out, "no memory limit");
  if (TooFarUp(view, limit, params.Bool(kAcceptAncestor))) {
    return FailLimit(view, limit.source, kMemoryMax, out, "the limit is an ancestor's");
  }
  const Fact<std::uint64_t>& host = view.snapshot.host.memory_bytes;
  if (!host) return Unknown(out, "/proc/meminfo", host.error());
  const double most = static_cast<double>(*host) * params.Fraction(kMaxFraction);
  if (static_cast<double>(*bytes) < most) return Pass();
  return FailLimit(
      view, limit.source, kMemoryMax, out,
      "the limit is " + std::to_string(*bytes) + " bytes of the host's " + std::to_string(*host));
}

Verdict MemoryReserved(const ContainerView& view, const Params&, EvidenceOut out) {
  const LimitsInForce& limits = view.container.limits;
  const auto& reservation = limits.memory_reservation;
  if (!reservation.value) return WithoutValue(view, kMemoryLow, out, reservation.value.error());
  const Limit reserved = *reservation.value;
  if (!reserved || *reserved == 0) {
    return FailLimit(view, reservation.source, kMemoryLow, out, "no memory reservation");
  }
  const Limit most = FiniteValue(limits.memory);
  if (most && *reserved >= *most) {
    return FailLimit(
        view, reservation.source, kMemoryLow, out,
        "the reservation of " + std::to_string(*reserved) + " bytes is not below the limit");
  }
  return Pass();
}

Verdict SwapLimited(const ContainerView& view, const Params& params, EvidenceOut out) {
  const Fact<bool>& active = view.snapshot.host.swap_active;
  if (active && !*active) return NotApplicable("the host has no swap");
  const auto& swap = view.container.limits.swap;
  const bool limited = FiniteValue(swap) && !TooFarUp(view, swap, params.Bool(0));
  if (limited) return Pass();
  if (!active) return Unknown(out, "/proc/swaps", active.error());
  if (!swap.value) return WithoutValue(view, kSwapMax, out, swap.value.error());
  return FailLimit(view, swap.source, kSwapMax, out,
                   *swap.value ? "the swap limit is an ancestor's" : "no swap limit");
}

namespace {

// Version 2 charges kernel memory to memory.max, unless the boot line says otherwise.
Verdict ChargedToLimit(const ContainerView& view, EvidenceOut out) {
  const auto& memory = view.container.limits.memory;
  if (!memory.value) return WithoutValue(view, kMemoryMax, out, memory.value.error());
  if (!*memory.value) return FailLimit(view, memory.source, kMemoryMax, out, "no memory limit");
  const Fact<std::string>& line = view.snapshot.host.command_line;
  if (!line) return Unknown(out, "/proc/cmdline", line.error());
  const auto at = line->find("cgroup.memory=");
  if (at == std::string::npos) return Pass();
  const auto option = std::string_view(*line).substr(at, line->find(' ', at) - at);
  if (option.find("nokmem") == std::string::npos && option.find("nosocket") == std::string::npos) {
    return Pass();
  }
  return Fail(out, "/proc/cmdline", option);
}

// Since 5.16 version 1 ignores the limit: writes succeed and it reads back as unlimited.
constexpr KernelVersion kKernelLimitIgnored = {.major = 5, .minor = 16};

Verdict LimitedApart(const ContainerView& view, EvidenceOut out) {
  const auto version = ParseKernelVersion(view.snapshot.host.kernel);
  if (!version) return Unknown(out, "/proc/sys/kernel/osrelease", "no kernel version");
  if (*version >= kKernelLimitIgnored) {
    return NotApplicable("this kernel ignores kernel memory limits of version 1");
  }
  const auto& kernel = view.container.limits.kernel_memory;
  if (!kernel.value) return WithoutValue(view, kKernelMemory, out, kernel.value.error());
  if (*kernel.value) return Pass();
  return FailLimit(view, kernel.source, kKernelMemory, out, "no kernel memory limit");
}

}  // namespace

Verdict KernelMemoryAccounted(const ContainerView& view, const Params&, EvidenceOut out) {
  const auto version =
      VersionOf(view.snapshot, view.container.limits.memory.source, Controller::kMemory);
  if (!version) return WithoutValue(view, kMemoryMax, out, version.error());
  return *version == CgroupVersion::kV2 ? ChargedToLimit(view, out) : LimitedApart(view, out);
}

namespace {

constexpr std::size_t kMinAdj = 0;
constexpr std::size_t kKubernetesMinAdj = 1;
constexpr std::size_t kInfraMinAdj = 2;

// The kubelet sets a negative value by quality of service. Its containers are known by where it
// puts them, which no claim can imitate.
std::int64_t LowestAdj(const ContainerView& view, const Params& params) {
  const auto& cgroup = view.container.cgroup;
  const bool kubernetes =
      cgroup && view.snapshot.Text(view.snapshot.At(*cgroup).path).find("/kubepods") !=
                    std::string_view::npos;
  if (!kubernetes) return params.Integer(kMinAdj);
  const bool infra = view.container.container_class == ContainerClass::kPause;
  return params.Integer(infra ? kInfraMinAdj : kKubernetesMinAdj);
}

Verdict NobodyShielded(const ContainerView& view, std::int64_t lowest, EvidenceOut out) {
  if (view.container.members.empty()) return Unknown(out, "", "the container has no processes");
  const Process* unread = nullptr;
  for (const Member& member : view.container.members) {
    const Process& process = view.snapshot.At(member.process);
    if (!process.oom_score_adj) {
      unread = &process;
    } else if (*process.oom_score_adj < lowest) {
      const Verdict verdict = Fail(out, "oom_score_adj", [&] {
        return "oom_score_adj is " + std::to_string(*process.oom_score_adj) + ", below " +
               std::to_string(lowest);
      });
      if (out != nullptr) out->back().pid = process.pid;
      return verdict;
    }
  }
  if (unread == nullptr) return Pass();
  const Verdict verdict = Unknown(out, "oom_score_adj", unread->oom_score_adj.error());
  if (out != nullptr) out->back().pid = unread->pid;
  return verdict;
}

// Version 2 has no switch for it: there the file is missing everywhere.
Verdict OomKillerOn(const ContainerView& view, EvidenceOut out) {
  constexpr Price kBounded = {.severity = Severity::kLow, .weight = 2};
  const LimitsInForce& limits = view.container.limits;
  const auto& disabled = limits.oom_kill_disabled;
  if (!disabled.value) {
    const ErrorCode code = disabled.value.error().code;
    if (code == ErrorCode::kNotFound || code == ErrorCode::kUnsupported) return Pass();
    return WithoutValue(view, kOomControl, out, disabled.value.error());
  }
  if (!*disabled.value) return Pass();
  Verdict verdict = FailLimit(view, disabled.source, kOomControl, out, "oom_kill_disable is 1");
  if (FiniteValue(limits.memory)) verdict.price = kBounded;
  return verdict;
}

}  // namespace

// Judged without proof first: only the worse part leaves any.
Verdict KillableWhenMemoryIsShort(const ContainerView& view, const Params& params,
                                  EvidenceOut out) {
  const std::int64_t lowest = LowestAdj(view, params);
  const Verdict killer = OomKillerOn(view, nullptr);
  const Verdict shielded = NobodyShielded(view, lowest, nullptr);
  const bool mild = killer.outcome == Outcome::kFail && killer.price;
  if (shielded.outcome > killer.outcome || (mild && shielded.outcome == Outcome::kFail)) {
    return NobodyShielded(view, lowest, out);
  }
  Verdict verdict = OomKillerOn(view, out);
  // The milder price needs all the rest to be known: ignorance is never cheaper.
  if (shielded.outcome == Outcome::kUnknown) verdict.price.reset();
  return verdict;
}

}  // namespace hullmark
