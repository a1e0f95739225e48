// SPDX-License-Identifier: Apache-2.0
#include "checks/block_io.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checks/limits_in_force.h"
#include "checks/mount_paths.h"
#include "checks/verdicts.h"
#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr LimitFile kIoWeight = {Controller::kIo, "blkio.weight", "io.weight"};
constexpr LimitFile kIoMax = {Controller::kIo, "blkio.throttle", "io.max"};

// File systems that lie on no disk.
constexpr std::array<std::string_view, 22> kDiskless = {
    "autofs",     "binfmt_misc", "bpf",      "cgroup",   "cgroup2", "configfs",
    "debugfs",    "devpts",      "devtmpfs", "efivarfs", "fusectl", "fuse.lxcfs",
    "hugetlbfs",  "mqueue",      "nsfs",     "proc",     "pstore",  "ramfs",
    "securityfs", "sysfs",       "tmpfs",    "tracefs"};

bool IsDiskless(std::string_view type) {
  return std::ranges::find(kDiskless, type) != kDiskless.end();
}

// The disks behind the writable mounts of a container.
struct Backing {
  std::vector<DeviceNumber> disks;    // Each once.
  const Mount* unresolved = nullptr;  // A writable mount whose disk cannot be told.
};

// Adds the whole disks below `device`; false when it is none that the host knows: network file
// systems, and those with anonymous device numbers such as btrfs and zfs.
bool AddDisks(const Host& host, DeviceNumber device, std::vector<DeviceNumber>& disks) {
  const auto add = [&](DeviceNumber disk) {
    if (std::ranges::find(disks, disk) == disks.end()) disks.push_back(disk);
  };
  for (const auto& [part, below] : host.disk_parents) {
    if (part != device || below.empty()) continue;
    for (const DeviceNumber disk : below) add(disk);
    return true;
  }
  if (std::ranges::find(host.disks, device) == host.disks.end()) return false;
  add(device);
  return true;
}

// Whether the disks of `mount` are known, and added. Of an overlay only the upper directory is
// written: it lies where the host's table says.
bool AddDisksOf(const ContainerView& view, const Mount& mount, std::vector<DeviceNumber>& disks) {
  const Snapshot& snapshot = view.snapshot;
  if (snapshot.Text(mount.type) != "overlay") return AddDisks(snapshot.host, mount.device, disks);
  const auto upper = snapshot.Text(mount.upper_dir);
  if (upper.empty()) return true;  // Nothing can be written.
  const Mount* const below = view.host_mounts.Covering(upper);
  if (below == nullptr) return false;
  return IsDiskless(snapshot.Text(below->type)) || AddDisks(snapshot.host, below->device, disks);
}

Backing BackingOf(const ContainerView& view, const MountTable& own) {
  const Snapshot& snapshot = view.snapshot;
  Backing backing;
  for (const Mount& mount : own.mounts) {
    if (ReadOnly(mount) || IsDiskless(snapshot.Text(mount.type))) continue;
    if (!AddDisksOf(view, mount, backing.disks)) backing.unresolved = &mount;
  }
  return backing;
}

using Rate = Limit IoLimit::*;

bool Limited(const std::vector<IoLimit>& limits, DeviceNumber disk, std::span<const Rate> rates) {
  const auto found = std::ranges::find(limits, disk, &IoLimit::device);
  return found != limits.end() &&
         std::ranges::all_of(rates, [&](Rate rate) { return (*found.*rate).has_value(); });
}

std::string ToText(DeviceNumber device) {
  return std::to_string(device.major) + ":" + std::to_string(device.minor);
}

// Whether every disk has every rate of `rates`.
Verdict DisksLimited(const ContainerView& view, const Backing& backing, std::span<const Rate> rates,
                     EvidenceOut out) {
  const Snapshot& snapshot = view.snapshot;
  const auto& in_force = view.container.limits.io_limits;
  const auto& limits = snapshot.io_limit_lists[static_cast<std::size_t>(*in_force.value)];
  for (const DeviceNumber disk : backing.disks) {
    if (Limited(limits, disk, rates)) continue;
    return FailLimit(view, in_force.source, kIoMax, out, "no such limit on disk " + ToText(disk));
  }
  if (backing.unresolved != nullptr) {
    return Unknown(out, "mountinfo",
                   "the disk below " + Cut(snapshot.Text(backing.unresolved->mount_point)) +
                       " cannot be told");
  }
  return Pass();
}

Verdict JudgeRates(const ContainerView& view, std::span<const Rate> rates, bool accept_ancestor,
                   EvidenceOut out) {
  const auto& in_force = view.container.limits.io_limits;
  if (!in_force.value && in_force.value.error().code != ErrorCode::kNotFound) {
    return WithoutValue(view, kIoMax, out, in_force.value.error());
  }
  const Fact<MountTable> own = MountsOf(view.snapshot, view.container.mounts);
  if (!own) return Unknown(out, "mountinfo", own.error());
  const Fact<MountTable> host = MountsOf(view.snapshot, view.snapshot.host.mounts);
  if (!host) return Unknown(out, "/proc/1/mountinfo", host.error());
  const Backing backing = BackingOf(view, *own);
  if (backing.disks.empty() && backing.unresolved == nullptr) {
    if (!own->complete) return Unknown(out, "mountinfo", "not all mounts were read");
    return NotApplicable("no writable mount lies on a disk");
  }
  if (!in_force.value) return WithoutValue(view, kIoMax, out, in_force.value.error());
  if (TooFarUp(view, in_force, accept_ancestor)) {
    return FailLimit(view, in_force.source, kIoMax, out, "no limit of its own");
  }
  const Verdict verdict = DisksLimited(view, backing, rates, out);
  if (verdict.outcome != Outcome::kPass || own->complete) return verdict;
  return Unknown(out, "mountinfo", "not all mounts were read");
}

}  // namespace

Verdict IoWeightAssigned(const ContainerView& view, const Params&, EvidenceOut out) {
  constexpr std::uint64_t kDefault = 100;
  constexpr std::uint64_t kCfqDefault = 500;
  const Snapshot& snapshot = view.snapshot;
  const auto& weight = view.container.limits.io_weight;
  if (!weight.value) {
    if (weight.value.error().code == ErrorCode::kNotFound) {
      return NotApplicable("no I/O scheduler here takes weights");
    }
    return WithoutValue(view, kIoWeight, out, weight.value.error());
  }
  const auto version = VersionOf(snapshot, weight.source, Controller::kIo);
  const auto files = weight.source ? snapshot.At(*weight.source).io : std::nullopt;
  const bool cfq = version && *version == CgroupVersion::kV1 && files &&
                   !snapshot.io_files[*files].weight_is_bfq;
  if (*weight.value != (cfq ? kCfqDefault : kDefault)) return Pass();
  return FailLimit(view, weight.source, kIoWeight, out,
                   "the weight is the default, " + std::to_string(*weight.value));
}

Verdict IoBandwidthLimited(const ContainerView& view, const Params& params, EvidenceOut out) {
  std::array<Rate, 2> rates{};
  std::size_t count = 0;
  const auto& directions = params.Strings(0);
  const auto wanted = [&](std::string_view name) {
    return std::ranges::find(directions, name) != directions.end();
  };
  if (wanted("read")) rates[count++] = &IoLimit::read_bytes;
  if (wanted("write")) rates[count++] = &IoLimit::write_bytes;
  if (count == 0) return NotApplicable("the benchmark asks for no direction");
  return JudgeRates(view, std::span(rates).first(count), params.Bool(1), out);
}

Verdict ReadOperationsLimited(const ContainerView& view, const Params& params, EvidenceOut out) {
  constexpr Rate kRates[] = {&IoLimit::read_operations};
  return JudgeRates(view, kRates, params.Bool(0), out);
}

Verdict WriteOperationsLimited(const ContainerView& view, const Params& params, EvidenceOut out) {
  constexpr Rate kRates[] = {&IoLimit::write_operations};
  return JudgeRates(view, kRates, params.Bool(0), out);
}

}  // namespace hullmark
