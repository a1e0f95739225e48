// SPDX-License-Identifier: Apache-2.0
#include "hullmark/limits.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "agent/sinks/values.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

using Value = LimitRow::Value;

// The names of one file in the two versions, see cgroups(7) and the kernel's cgroup-v2 document.
struct FileNames {
  std::string_view v1, v2;
};

// Path of a controller's file in a cgroup as the host shows it.
std::string PathOf(const Snapshot& snapshot, std::optional<CgroupIndex> index, FileNames names) {
  if (!index) return "";
  const auto hierarchy = static_cast<std::size_t>(snapshot.At(*index).hierarchy);
  const bool v1 = snapshot.hierarchies[hierarchy].version == CgroupVersion::kV1;
  return PathOfFile(snapshot, *index, v1 ? names.v1 : names.v2);
}

// No file anywhere on the path means that nothing limits; any other failure is ignorance.
Value Absent(Fault fault) {
  if (fault.code == ErrorCode::kNotFound) return std::monostate{};
  return fault;
}

Value Plain(const Fact<Limit>& fact) {
  if (!fact) return Absent(fact.error());
  const Limit limit = *fact;
  if (!limit) return std::monostate{};
  return *limit;
}

Value Plain(const Fact<std::uint64_t>& fact) {
  if (!fact) return Absent(fact.error());
  return *fact;
}

Value Plain(const Fact<bool>& fact) {
  if (!fact) return Absent(fact.error());
  return *fact;
}

Value Cpus(const Fact<CpuQuota>& fact) {
  if (!fact) return Absent(fact.error());
  const CpuQuota quota = *fact;
  if (!quota.quota) return std::monostate{};
  if (quota.period == 0) return Fault{.code = ErrorCode::kMalformed};
  return static_cast<double>(*quota.quota) / static_cast<double>(quota.period);
}

Value Text(const Snapshot& snapshot, const Fact<StringId>& fact) {
  if (!fact) return Absent(fact.error());
  return snapshot.Text(*fact);
}

Value Devices(const Snapshot& snapshot, const Fact<IoLimitListIndex>& fact) {
  if (!fact) return Absent(fact.error());
  const auto& list = snapshot.io_limit_lists[static_cast<std::size_t>(std::to_underlying(*fact))];
  if (list.empty()) return std::monostate{};
  return &list;
}

// Whether the weight in force came from the bfq scheduler's file.
bool IsBfq(const Snapshot& snapshot, std::optional<CgroupIndex> index) {
  if (!index) return false;
  const auto files = snapshot.At(*index).io;
  return files && snapshot.io_files[*files].weight_is_bfq;
}

void AddIfKnown(std::vector<LimitRow>& rows, LimitRow row) {
  if (std::holds_alternative<std::monostate>(row.value)) return;
  if (std::holds_alternative<Fault>(row.value)) return;
  rows.push_back(std::move(row));
}

}  // namespace

std::vector<LimitRow> LimitsOf(const Snapshot& snapshot, const Container& container) {
  const LimitsInForce& limits = container.limits;
  const auto path = [&](const auto& limit, std::string_view v1, std::string_view v2) {
    return limit.value ? PathOf(snapshot, limit.source, {.v1 = v1, .v2 = v2}) : std::string();
  };
  const FileNames weight = IsBfq(snapshot, limits.io_weight.source)
                               ? FileNames{.v1 = "blkio.bfq.weight", .v2 = "io.bfq.weight"}
                               : FileNames{.v1 = "blkio.weight", .v2 = "io.weight"};
  std::vector<LimitRow> rows = {
      {"memory", "bytes", Plain(limits.memory.value),
       path(limits.memory, "memory.limit_in_bytes", "memory.max")},
      {"memory_reservation", "bytes", Plain(limits.memory_reservation.value),
       path(limits.memory_reservation, "memory.soft_limit_in_bytes", "memory.{low,min}"), false},
      {"swap", "bytes", Plain(limits.swap.value),
       path(limits.swap, "memory.memsw.limit_in_bytes", "memory.swap.max")},
      {"pids", "", Plain(limits.pids.value), path(limits.pids, "pids.max", "pids.max")},
      {"cpu_quota", "CPUs", Cpus(limits.cpu_quota.value),
       path(limits.cpu_quota, "cpu.cfs_quota_us", "cpu.max")},
      {"cpu_weight", "", Plain(limits.cpu_weight.value),
       path(limits.cpu_weight, "cpu.shares", "cpu.weight"), false},
      {"cpuset", "", Text(snapshot, limits.cpuset.value),
       path(limits.cpuset, "cpuset.effective_cpus", "cpuset.cpus.effective"), false},
      {"io", "", Devices(snapshot, limits.io_limits.value),
       path(limits.io_limits, "blkio.throttle.*", "io.max")},
      {"io_weight", "", Plain(limits.io_weight.value), path(limits.io_weight, weight.v1, weight.v2),
       false},
  };
  AddIfKnown(rows, {"memory_high", "bytes", Plain(limits.memory_high.value),
                    path(limits.memory_high, "memory.high", "memory.high")});
  AddIfKnown(rows, {"kernel_memory", "bytes", Plain(limits.kernel_memory.value),
                    path(limits.kernel_memory, "memory.kmem.limit_in_bytes", "")});
  AddIfKnown(rows, {"oom_kill_disabled", "", Plain(limits.oom_kill_disabled.value),
                    path(limits.oom_kill_disabled, "memory.oom_control", "")});
  return rows;
}

}  // namespace hullmark
