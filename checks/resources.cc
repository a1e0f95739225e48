// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bitset>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include "checks/block_io.h"
#include "checks/kernel_settings.h"
#include "checks/limits_in_force.h"
#include "checks/memory_limits.h"
#include "checks/table.h"
#include "checks/verdicts.h"
#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr LimitFile kPidsMax = {Controller::kPids, "pids.max", "pids.max"};
constexpr LimitFile kCpuMax = {Controller::kCpu, "cpu.cfs_quota_us", "cpu.max"};
constexpr LimitFile kCpuWeight = {Controller::kCpu, "cpu.shares", "cpu.weight"};
constexpr LimitFile kCpus = {Controller::kCpuset, "cpuset.effective_cpus", "cpuset.cpus.effective"};

constexpr ParamSpec kAncestor[] = {{"accept_ancestor", ParamType::kBool}};
constexpr std::size_t kAcceptAncestor = 0;

// ---- RES-006 ----

constexpr ParamSpec kPids[] = {
    {"max_pids", ParamType::kInteger},
    {"warn_ratio", ParamType::kFraction},
    {"accept_ancestor", ParamType::kBool},
};
constexpr std::size_t kMaxPids = 0;
constexpr std::size_t kWarnRatio = 1;
constexpr std::size_t kPidsAncestor = 2;

// Threads count against the limit like processes. Those that could not be read are left out: the
// number is only good for a note.
std::uint64_t TasksOf(const ContainerView& view) {
  std::uint64_t tasks = 0;
  for (const Member& member : view.container.members) {
    const Fact<ProcStatus>& status = view.snapshot.At(member.process).leader.status;
    tasks += status ? status->threads : 1;
  }
  return tasks;
}

Verdict ProcessCountLimited(const ContainerView& view, const Params& params, EvidenceOut out) {
  const auto& pids = view.container.limits.pids;
  if (!pids.value) return WithoutValue(view, kPidsMax, out, pids.value.error());
  const Limit limit = *pids.value;
  if (!limit) return FailLimit(view, pids.source, kPidsMax, out, "no limit of processes");
  if (TooFarUp(view, pids, params.Bool(kPidsAncestor))) {
    return FailLimit(view, pids.source, kPidsMax, out, "the limit is an ancestor's");
  }
  if (*limit > static_cast<std::uint64_t>(params.Integer(kMaxPids))) {
    return FailLimit(view, pids.source, kPidsMax, out,
                     "the limit is " + std::to_string(*limit) + " processes");
  }
  const Fact<std::int64_t> pid_max = SysctlNumber(view.snapshot.host, "kernel/pid_max");
  if (!pid_max) return Unknown(out, "/proc/sys/kernel/pid_max", pid_max.error());
  if (*limit >= static_cast<std::uint64_t>(*pid_max) / 2) {
    return FailLimit(view, pids.source, kPidsMax, out,
                     "the limit of " + std::to_string(*limit) + " is half of the host's " +
                         std::to_string(*pid_max) + " or more");
  }
  const double many = static_cast<double>(*limit) * params.Fraction(kWarnRatio);
  return static_cast<double>(TasksOf(view)) < many ? Pass() : Pass("the limit is nearly reached");
}

// ---- RES-007 ----

constexpr ParamSpec kQuota[] = {
    {"max_cpus_fraction", ParamType::kFraction},
    {"accept_ancestor", ParamType::kBool},
};
constexpr std::size_t kMaxCpusFraction = 0;
constexpr std::size_t kQuotaAncestor = 1;

// CPU numbers: far above what any kernel is built for (NR_CPUS).
constexpr std::size_t kMostCpus = 8192;
using CpuSet = std::bitset<kMostCpus>;

struct CpuRange {
  std::size_t first, last;
};

// "0-3" or "7"; nullopt: neither.
std::optional<CpuRange> ParseRange(std::string_view text) {
  CpuRange range{};
  const char* const end = text.data() + text.size();
  const auto low = std::from_chars(text.data(), end, range.first);
  if (low.ec != std::errc{}) return std::nullopt;
  range.last = range.first;
  if (low.ptr == end) return range;
  const auto high = std::from_chars(low.ptr + 1, end, range.last);
  if (*low.ptr != '-' || high.ec != std::errc{} || high.ptr != end) return std::nullopt;
  return range;
}

// "0-3,7" of cpuset(7); nullopt: not such a list, or empty.
std::optional<CpuSet> ParseCpus(std::string_view list) {
  CpuSet cpus;
  while (!list.empty()) {
    const auto part = list.substr(0, list.find(','));
    list.remove_prefix(std::min(part.size() + 1, list.size()));
    const auto range = ParseRange(part);
    if (!range || range->last < range->first || range->last >= kMostCpus) return std::nullopt;
    for (std::size_t cpu = range->first; cpu <= range->last; ++cpu) cpus.set(cpu);
  }
  if (cpus.none()) return std::nullopt;
  return cpus;
}

Fact<CpuSet> OnlineCpus(const Host& host) {
  if (!host.cpus_online) return std::unexpected(host.cpus_online.error());
  const auto cpus = ParseCpus(*host.cpus_online);
  if (!cpus) return Missing(ErrorCode::kMalformed);
  return *cpus;
}

constexpr std::string_view kOnline = "/sys/devices/system/cpu/online";

Verdict CpuTimeLimited(const ContainerView& view, const Params& params, EvidenceOut out) {
  const auto& quota = view.container.limits.cpu_quota;
  if (!quota.value) {
    const auto version = VersionOf(view.snapshot, {}, Controller::kCpu);
    const bool v1 = version && *version == CgroupVersion::kV1;
    // On v1 every cgroup has the file, the root too, if the kernel was built with it at all.
    if (v1 && quota.value.error().code == ErrorCode::kNotFound) {
      return NotApplicable("this kernel has no CPU bandwidth control");
    }
    return WithoutValue(view, kCpuMax, out, quota.value.error());
  }
  const auto [microseconds, period] = *quota.value;
  if (!microseconds || period == 0) {
    return FailLimit(view, quota.source, kCpuMax, out, "no CPU quota");
  }
  if (TooFarUp(view, quota, params.Bool(kQuotaAncestor))) {
    return FailLimit(view, quota.source, kCpuMax, out, "the quota is an ancestor's");
  }
  const Fact<CpuSet> online = OnlineCpus(view.snapshot.host);
  if (!online) return Unknown(out, kOnline, online.error());
  const double cpus = static_cast<double>(*microseconds) / static_cast<double>(period);
  const double most = static_cast<double>(online->count()) * params.Fraction(kMaxCpusFraction);
  if (cpus < most) return Pass();
  return FailLimit(view, quota.source, kCpuMax, out,
                   "the quota is " + std::to_string(*microseconds) + " of every " +
                       std::to_string(period) + " microseconds on " +
                       std::to_string(online->count()) + " CPUs");
}

// ---- RES-008 and RES-009 ----

// A weight that somebody set to the default cannot be told from one that nobody set.
Verdict CpuWeightAssigned(const ContainerView& view, const Params& params, EvidenceOut out) {
  constexpr std::uint64_t kSharesDefault = 1024;
  constexpr std::uint64_t kWeightDefault = 100;
  const auto& weight = view.container.limits.cpu_weight;
  if (!weight.value) return WithoutValue(view, kCpuWeight, out, weight.value.error());
  const auto version = VersionOf(view.snapshot, weight.source, Controller::kCpu);
  if (!version) return WithoutValue(view, kCpuWeight, out, version.error());
  const bool v1 = *version == CgroupVersion::kV1;
  if (*weight.value == (v1 ? kSharesDefault : kWeightDefault)) {
    return FailLimit(view, weight.source, kCpuWeight, out,
                     "the weight is the default, " + std::to_string(*weight.value));
  }
  if (TooFarUp(view, weight, params.Bool(kAcceptAncestor))) {
    return FailLimit(view, weight.source, kCpuWeight, out, "the weight is an ancestor's");
  }
  return Pass();
}

Verdict CpusRestricted(const ContainerView& view, const Params&, EvidenceOut out) {
  const auto& cpuset = view.container.limits.cpuset;
  if (!cpuset.value) return WithoutValue(view, kCpus, out, cpuset.value.error());
  const auto text = view.snapshot.Text(*cpuset.value);
  const auto own = ParseCpus(text);
  const Fact<CpuSet> online = OnlineCpus(view.snapshot.host);
  if (!online) return Unknown(out, kOnline, online.error());
  if (!own) return Unknown(out, kCpus.v2, Fault{ErrorCode::kMalformed});
  if ((*online & ~*own).any()) return Pass();
  return FailLimit(view, cpuset.source, kCpus, out, "CPUs " + Cut(text) + " are all of the host's");
}

constexpr Check kChecks[] = {
    {.id = "RES-001", .evaluate = MemoryLimited, .params = kMemoryLimitParams},
    {.id = "RES-002", .evaluate = MemoryReserved, .params = {}},
    {.id = "RES-003", .evaluate = SwapLimited, .params = kAncestor},
    {.id = "RES-004", .evaluate = KernelMemoryAccounted, .params = {}},
    {.id = "RES-005", .evaluate = KillableWhenMemoryIsShort, .params = kOomParams},
    {.id = "RES-006", .evaluate = ProcessCountLimited, .params = kPids},
    {.id = "RES-007", .evaluate = CpuTimeLimited, .params = kQuota},
    {.id = "RES-008", .evaluate = CpuWeightAssigned, .params = kAncestor},
    {.id = "RES-009", .evaluate = CpusRestricted, .params = {}},
    {.id = "RES-011", .evaluate = IoWeightAssigned, .params = {}},
    {.id = "RES-012", .evaluate = IoBandwidthLimited, .params = kBandwidthParams},
    {.id = "RES-013", .evaluate = ReadOperationsLimited, .params = kOperationsParams},
    {.id = "RES-014", .evaluate = WriteOperationsLimited, .params = kOperationsParams},
};

}  // namespace

std::span<const Check> ResourceChecks() { return kChecks; }

}  // namespace hullmark
