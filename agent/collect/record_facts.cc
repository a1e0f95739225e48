// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/record_facts.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/bpf/task_record.h"
#include "agent/parse/proc_stat.h"
#include "hullmark/caps.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

// As task_state_index() of include/linux/sched.h.
char StateLetter(const TaskRecord& record) {
  constexpr std::string_view kLetters = "RSDTtXZP";
  constexpr std::uint32_t kReported = 0x7f;
  constexpr std::uint32_t kIdle = 0x402;
  constexpr std::uint32_t kWaitsForLock = 0x1000;
  constexpr std::uint32_t kFrozen = 0x8000;
  if (record.state == kIdle) return 'I';
  if ((record.state & (kWaitsForLock | kFrozen)) != 0) return 'D';
  const std::uint32_t state = (record.state | record.exit_state) & kReported;
  return kLetters[static_cast<std::size_t>(std::bit_width(state))];
}

Rlimit LimitOf(const RecordLimit& limit) {
  const auto value = [](std::uint64_t number) {
    constexpr auto kInfinity = std::numeric_limits<std::uint64_t>::max();
    return number == kInfinity ? std::nullopt : std::optional(number);
  };
  return {.soft = value(limit.soft), .hard = value(limit.hard)};
}

}  // namespace

ProcStatus StatusOf(const TaskRecord& record, const ProcStatus& shape) {
  ProcStatus status{.inheritable = CapSet(record.inheritable),
                    .permitted = CapSet(record.permitted),
                    .effective = CapSet(record.effective),
                    .bounding = CapSet(record.bounding),
                    .uid = {Uid{record.uid}, Uid{record.euid}, Uid{record.suid}, Uid{record.fsuid}},
                    .gid = {Gid{record.gid}, Gid{record.egid}, Gid{record.sgid}, Gid{record.fsgid}},
                    .innermost_pid = record.innermost_pid,
                    .threads = record.threads,
                    .pid_depth = static_cast<std::uint8_t>(record.pid_level + 1)};
  if (shape.ambient) status.ambient = CapSet(record.ambient);
  if (shape.no_new_privs) status.no_new_privs = record.no_new_privs != 0;
  if (shape.seccomp) status.seccomp = static_cast<SeccompMode>(record.seccomp);
  if (shape.seccomp_filters) {
    constexpr std::uint32_t kMost = std::numeric_limits<std::uint16_t>::max();
    status.seccomp_filters = static_cast<std::uint16_t>(std::min(record.seccomp_filters, kMost));
  }
  if (shape.kernel_thread) {
    status.kernel_thread = (record.flags & ProcStat::kKernelThread) != 0;
  }
  return status;
}

ProcStat StatOf(const TaskRecord& record) {
  constexpr std::uint64_t kNanosecondsOfTick = 10'000'000;
  return {.start = BootTicks{record.start / kNanosecondsOfTick},
          .parent = record.parent,
          .tty = record.tty,
          .flags = record.flags,
          .state = StateLetter(record)};
}

Namespaces NamespacesOf(const TaskRecord& record) {
  Namespaces namespaces;
  for (std::size_t at = 0; at < kNamespaceKinds; ++at) {
    const auto kind = static_cast<NamespaceKind>(at);
    const bool exists =
        kind != NamespaceKind::kTime || (record.known & unsigned{kKnowsTimeNamespace}) != 0;
    namespaces.Set(kind, exists ? Fact<NamespaceInode>(NamespaceInode{record.namespaces[at]})
                                : Missing(ErrorCode::kNotFound, ENOENT));
  }
  return namespaces;
}

Rlimits RlimitsOf(const TaskRecord& record) {
  return {.nofile = LimitOf(record.nofile),
          .nproc = LimitOf(record.nproc),
          .core = LimitOf(record.core),
          .memlock = LimitOf(record.memlock)};
}

std::uint64_t ImageOf(const TaskRecord& record) {
  std::array<std::uint64_t, kRecordImage> addresses = {};
  std::ranges::copy(record.image, addresses.begin());
  return MixImage(addresses);
}

std::vector<Gid> SomeGroupsOf(const TaskRecord& record) {
  const std::uint32_t count = std::min(record.group_count, std::uint32_t{kMostRecordGroups});
  std::vector<Gid> groups;
  groups.reserve(count);
  for (std::uint32_t at = 0; at < count; ++at) groups.push_back(Gid{record.groups[at]});
  return groups;
}

std::optional<std::vector<Gid>> GroupsOf(const TaskRecord& record) {
  if (record.group_count > kMostRecordGroups) return std::nullopt;
  return SomeGroupsOf(record);
}

std::optional<IdMap> IdMapOf(const RecordIdMap& map) {
  if (map.count > kMostRecordExtents) return std::nullopt;
  IdMap extents;
  extents.reserve(map.count);
  for (std::uint32_t at = 0; at < map.count; ++at) {
    const RecordExtent& extent = map.extents[at];
    extents.push_back({.inside = extent.inside, .outside = extent.outside, .count = extent.count});
  }
  return extents;
}

bool HasEnded(const TaskRecord& record) {
  return record.exit_state != 0 || (record.known & unsigned{kKnowsNamespaces}) == 0 ||
         (record.known & unsigned{kKnowsImage}) == 0;
}

}  // namespace hullmark
