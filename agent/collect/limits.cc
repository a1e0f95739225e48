// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/limits.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "agent/collect/io_limit_lists.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::uint64_t kDefaultShares = 1024;
constexpr std::uint64_t kDefaultWeight = 100;

// Whose limits are asked for.
struct Subject {
  std::span<const MembershipIndex> members;  // The init's first.
  std::optional<StringId> path;              // Of the container's own cgroup.
};

// The directory just below that of `path` which `leaf` is in or below; nullopt: there is none.
std::optional<CgroupIndex> ChildAbove(const Snapshot& snapshot, CgroupIndex leaf, StringId path) {
  std::optional<CgroupIndex> at = leaf;
  while (at) {
    const auto parent = snapshot.At(*at).parent;
    if (parent && snapshot.At(*parent).path == path) return at;
    at = parent;
  }
  return std::nullopt;
}

// Whether every member of the hierarchy of `directory` is in it or below it.
bool HoldsAll(const Snapshot& snapshot, const Subject& subject, CgroupIndex directory) {
  const auto is_outside = [&](CgroupIndex leaf) {
    if (snapshot.At(leaf).hierarchy != snapshot.At(directory).hierarchy) return false;
    std::optional<CgroupIndex> at = leaf;
    while (at && *at != directory) at = snapshot.At(*at).parent;
    return !at;
  };
  return std::ranges::none_of(subject.members, [&](MembershipIndex member) {
    return std::ranges::any_of(snapshot.At(member).cgroups, is_outside);
  });
}

// Where the limits on the subject begin, of which `leaf` is the init's directory.
CgroupIndex FirstOf(const Snapshot& snapshot, CgroupIndex leaf, const Subject& subject) {
  std::optional<CgroupIndex> own = leaf;
  while (own && snapshot.At(*own).path != subject.path) own = snapshot.At(*own).parent;
  if (!own) return leaf;
  const auto child = ChildAbove(snapshot, leaf, *subject.path);
  const bool of_crun = child && snapshot.Text(snapshot.At(*child).path).ends_with("/container");
  return of_crun && HoldsAll(snapshot, subject, *child) ? *child : *own;
}

// Cgroups whose files decide, from the subject's upwards.
struct Ancestry {
  std::vector<CgroupIndex> cgroups;
  std::optional<Fault> hidden;  // Why it is not known whether those above decide too.
};

// The cgroups of a controller from the subject's up to the root, or why there are none.
Fact<Ancestry> PathOf(const Snapshot& snapshot, const Subject& subject, Controller controller) {
  const auto& version = snapshot.host.controller_versions[std::to_underlying(controller)];
  if (!version) return std::unexpected(version.error());
  const Membership& membership = snapshot.At(subject.members.front());
  const bool device_programs = controller == Controller::kDevices && *version == CgroupVersion::kV2;
  for (const CgroupIndex leaf : membership.cgroups) {
    const Hierarchy& hierarchy =
        snapshot.hierarchies[static_cast<std::size_t>(snapshot.At(leaf).hierarchy)];
    const bool here = (hierarchy.controllers >> std::to_underlying(controller) & 1) != 0 ||
                      (device_programs && hierarchy.version == CgroupVersion::kV2);
    if (!here) continue;
    Ancestry path;
    std::optional<CgroupIndex> at = FirstOf(snapshot, leaf, subject);
    for (; at; at = snapshot.At(*at).parent) path.cgroups.push_back(*at);
    return path;
  }
  return Missing(ErrorCode::kVantage);
}

// The fault of a cgroup whose directory could not be looked into. One that is gone says nothing of
// what was in it, where an absent file would say that an ancestor decides.
Fault FaultOf(const Cgroup& cgroup) {
  Fault fault = cgroup.inode ? Fault{.code = ErrorCode::kNotRead} : cgroup.inode.error();
  if (fault.code == ErrorCode::kNotFound) fault.code = ErrorCode::kVanished;
  return fault;
}

// Folds one file over a path. `less` tells the stricter of two values. Absent files (kNotFound) do
// not count. Another fault could hide a stricter value, but never loosens one that was read: a
// limit found stands, and without one the fault is the answer.
template <typename T, typename Field, typename Less, typename IsLimit>
InForce<T> Strictest(const Snapshot& snapshot, const Fact<Ancestry>& path, Field field, Less less,
                     IsLimit is_limit) {
  if (!path) return {.value = std::unexpected(path.error())};
  InForce<T> in_force{.value = Missing(ErrorCode::kNotFound)};
  std::optional<Fault> hidden = path->hidden;
  for (const CgroupIndex at : path->cgroups) {
    const Fact<T> value = field(snapshot, snapshot.At(at));
    if (!value) {
      if (value.error().code != ErrorCode::kNotFound) hidden = value.error();
      continue;
    }
    if (!in_force.value) in_force.value = *value;
    if (is_limit(*value) && (!in_force.source || less(*value, *in_force.value))) {
      in_force = {.value = *value, .source = at};
    }
  }
  if (hidden && !in_force.source) in_force.value = std::unexpected(*hidden);
  return in_force;
}

// Reads a field of a controller's file table for a cgroup.
template <typename Table, typename Files, typename Member>
auto FieldOf(std::vector<Files> Snapshot::* table, Table Cgroup::* row, Member Files::* member) {
  return [=](const Snapshot& snapshot, const Cgroup& cgroup) -> Member {
    const auto& index = cgroup.*row;
    if (!index) return std::unexpected(FaultOf(cgroup));
    return (snapshot.*table)[*index].*member;
  };
}

// On v1 memory.use_hierarchy of a parent tells whether its limits, and those above it, bind the
// cgroups below; they do where the file is no more. See the kernel's cgroup-v1/memory.rst.
Fact<Ancestry> MemoryPathOf(const Snapshot& snapshot, const Subject& subject) {
  auto path = PathOf(snapshot, subject, Controller::kMemory);
  if (!path) return path;
  const auto field = FieldOf(&Snapshot::memory_files, &Cgroup::memory, &MemoryFiles::use_hierarchy);
  for (std::size_t level = 1; level < path->cgroups.size(); ++level) {
    const auto binds = field(snapshot, snapshot.At(path->cgroups[level]));
    const bool absent = !binds && (binds.error().code == ErrorCode::kNotFound ||
                                   binds.error().code == ErrorCode::kUnsupported);
    if (absent || (binds && *binds)) continue;
    if (!binds) path->hidden = binds.error();
    path->cgroups.resize(level);
  }
  return path;
}

template <typename Field>
InForce<Limit> SmallestLimit(const Snapshot& snapshot, const Fact<Ancestry>& path, Field field) {
  return Strictest<Limit>(
      snapshot, path, field, [](const Limit& a, const Limit& b) { return !b || *a < *b; },
      [](const Limit& limit) { return limit.has_value(); });
}

// The first cgroup that has the file at all, from the subject's upwards.
template <typename T, typename Field>
InForce<T> Nearest(const Snapshot& snapshot, const Fact<Ancestry>& path, Field field) {
  if (!path) return {.value = std::unexpected(path.error())};
  for (const CgroupIndex at : path->cgroups) {
    const Fact<T> value = field(snapshot, snapshot.At(at));
    if (value) return {.value = *value, .source = at};
    if (value.error().code != ErrorCode::kNotFound)
      return {.value = std::unexpected(value.error())};
  }
  return {.value = Missing(ErrorCode::kNotFound)};
}

template <typename T, typename Field>
InForce<T> Own(const Snapshot& snapshot, const Fact<Ancestry>& path, Field field) {
  if (!path) return {.value = std::unexpected(path.error())};
  return {.value = field(snapshot, snapshot.At(path->cgroups.front())),
          .source = path->cgroups.front()};
}

// A weight is relative to siblings: the container's own counts, or that of its pod. The top level
// (docker, kubepods.slice, system.slice) belongs to the manager and says nothing of this container.
InForce<std::uint64_t> CpuWeight(const Snapshot& snapshot, const Fact<Ancestry>& path) {
  const auto field = FieldOf(&Snapshot::cpu_files, &Cgroup::cpu, &CpuFiles::weight);
  auto own = Nearest<std::uint64_t>(snapshot, path, field);
  if (!own.value) return own;
  constexpr std::size_t kManagersLevels = 2;  // The root and the level below it.
  for (std::size_t level = 0; level < path->cgroups.size(); ++level) {
    const CgroupIndex at = path->cgroups[level];
    if (level > 0 && path->cgroups.size() - level <= kManagersLevels) break;
    const auto value = field(snapshot, snapshot.At(at));
    const auto& hierarchy =
        snapshot.hierarchies[static_cast<std::size_t>(snapshot.At(at).hierarchy)];
    const std::uint64_t usual =
        hierarchy.version == CgroupVersion::kV1 ? kDefaultShares : kDefaultWeight;
    if (value && *value != usual) return {.value = *value, .source = at};
  }
  return own;
}

bool Tighten(Limit& limit, const Limit& other) {
  const bool tighter = other && (!limit || *other < *limit);
  if (tighter) limit = other;
  return tighter;
}

// Takes what is stricter in `list`; whether anything was.
bool TightenAll(std::vector<IoLimit>& merged, const std::vector<IoLimit>& list) {
  bool tighter = false;
  for (const IoLimit& limit : list) {
    IoLimit& into = LimitOf(merged, limit.device);
    tighter |= Tighten(into.read_bytes, limit.read_bytes);
    tighter |= Tighten(into.write_bytes, limit.write_bytes);
    tighter |= Tighten(into.read_operations, limit.read_operations);
    tighter |= Tighten(into.write_operations, limit.write_operations);
  }
  return tighter;
}

// As Strictest, for lists of limits per device. The source is the nearest cgroup that binds any.
InForce<IoLimitListIndex> IoLimits(Snapshot& snapshot, const Fact<Ancestry>& path) {
  if (!path) return {.value = std::unexpected(path.error())};
  const auto field = FieldOf(&Snapshot::io_files, &Cgroup::io, &IoFiles::limits);
  InForce<IoLimitListIndex> in_force{.value = Missing(ErrorCode::kNotFound)};
  std::optional<Fault> hidden = path->hidden;
  std::vector<IoLimit> merged;
  bool any = false;
  for (const CgroupIndex at : path->cgroups) {
    const auto list = field(snapshot, snapshot.At(at));
    if (!list) {
      if (list.error().code != ErrorCode::kNotFound) hidden = list.error();
      continue;
    }
    any = true;
    const auto& limits = snapshot.io_limit_lists[static_cast<std::size_t>(*list)];
    if (TightenAll(merged, limits) && !in_force.source) in_force.source = at;
  }
  if (hidden && !in_force.source) {
    in_force.value = std::unexpected(*hidden);
  } else if (any) {
    in_force.value = KeepIoLimits(snapshot, std::move(merged));
  }
  return in_force;
}

bool FewerCpus(const CpuQuota& a, const CpuQuota& b) {
  if (!a.quota || !b.quota) return !b.quota;
  return static_cast<double>(*a.quota) / static_cast<double>(a.period) <
         static_cast<double>(*b.quota) / static_cast<double>(b.period);
}

}  // namespace

LimitsInForce ComputeLimits(Snapshot& snapshot, std::span<const MembershipIndex> members,
                            std::optional<CgroupIndex> own) {
  const Subject subject{.members = members,
                        .path = own ? std::optional(snapshot.At(*own).path) : std::nullopt};
  const auto memory = MemoryPathOf(snapshot, subject);
  const auto cpu = PathOf(snapshot, subject, Controller::kCpu);
  const auto pids = PathOf(snapshot, subject, Controller::kPids);
  const auto cpuset = PathOf(snapshot, subject, Controller::kCpuset);
  const auto io = PathOf(snapshot, subject, Controller::kIo);
  const auto devices = PathOf(snapshot, subject, Controller::kDevices);
  const auto of_memory = [](auto MemoryFiles::* member) {
    return FieldOf(&Snapshot::memory_files, &Cgroup::memory, member);
  };
  return LimitsInForce{
      .memory = SmallestLimit(snapshot, memory, of_memory(&MemoryFiles::max)),
      .memory_high = SmallestLimit(snapshot, memory, of_memory(&MemoryFiles::high)),
      .memory_reservation = Own<Limit>(snapshot, memory, of_memory(&MemoryFiles::reservation)),
      .swap = SmallestLimit(snapshot, memory, of_memory(&MemoryFiles::swap)),
      .kernel_memory = SmallestLimit(snapshot, memory, of_memory(&MemoryFiles::kernel)),
      .oom_kill_disabled = Own<bool>(snapshot, memory, of_memory(&MemoryFiles::oom_kill_disabled)),
      .pids = SmallestLimit(snapshot, pids,
                            FieldOf(&Snapshot::pids_files, &Cgroup::pids, &PidsFiles::max)),
      .cpu_quota = Strictest<CpuQuota>(
          snapshot, cpu, FieldOf(&Snapshot::cpu_files, &Cgroup::cpu, &CpuFiles::quota), FewerCpus,
          [](const CpuQuota& quota) { return quota.quota.has_value(); }),
      .cpu_weight = CpuWeight(snapshot, cpu),
      .cpuset = Nearest<StringId>(
          snapshot, cpuset,
          FieldOf(&Snapshot::cpuset_files, &Cgroup::cpuset, &CpusetFiles::effective)),
      .io_weight = Nearest<std::uint64_t>(
          snapshot, io, FieldOf(&Snapshot::io_files, &Cgroup::io, &IoFiles::weight)),
      .io_limits = IoLimits(snapshot, io),
      .device_rules = Own<DeviceListIndex>(
          snapshot, devices,
          FieldOf(&Snapshot::device_files, &Cgroup::devices, &DeviceFiles::rules)),
      .device_programs = Own<std::uint32_t>(
          snapshot, devices,
          FieldOf(&Snapshot::device_files, &Cgroup::devices, &DeviceFiles::programs)),
  };
}

}  // namespace hullmark
