// SPDX-License-Identifier: Apache-2.0
#include "checks/privileged.h"

#include <algorithm>
#include <cstddef>
#include <expected>
#include <string_view>
#include <utility>

#include "checks/mount_paths.h"
#include "hullmark/caps.h"
#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

Fact<const ProcStatus*> StatusOfInit(const ContainerView& view) {
  if (!view.container.init) return Missing(ErrorCode::kNotFound);
  const Fact<ProcStatus>& status = view.snapshot.At(*view.container.init).leader.status;
  if (!status) return std::unexpected(status.error());
  return &*status;
}

// A path of the kernel's and the type of the file system that it is on.
struct KernelPath {
  std::string_view path, type;
};

Fact<bool> IsWritable(const ContainerView& view, const KernelPath& at) {
  const Fact<MountTable> table = MountsOf(view.snapshot, view.container.mounts);
  if (!table) return std::unexpected(table.error());
  const Mount* const mount = CoveringMount(view.snapshot, table->mounts, at.path);
  if (mount != nullptr && view.snapshot.Text(mount->type) == at.type && !ReadOnly(*mount)) {
    return true;
  }
  if (!table->complete) return Missing(ErrorCode::kTruncated);
  return false;
}

bool GrantsAll(const DeviceRule& rule) { return !rule.major && (rule.read || rule.write); }

}  // namespace

Fact<bool> HasAllCaps(const ContainerView& view, bool only_given) {
  constexpr CapSet kAll = CapSet::UpTo(std::to_underlying(Cap::kAuditRead));
  const auto status = StatusOfInit(view);
  if (!status) return std::unexpected(status.error());
  const CapSet bounding = (*status)->bounding;
  if (kAll.SubsetOf(bounding)) return true;
  if (!only_given) return false;
  const Fact<CapSet>& given = view.snapshot.host.bounding;
  if (!given) return std::unexpected(given.error());
  return (kAll & *given).SubsetOf(bounding) && !given->empty();
}

Fact<bool> SeccompOff(const ContainerView& view) {
  const auto status = StatusOfInit(view);
  if (!status) return std::unexpected(status.error());
  const auto& mode = (*status)->seccomp;
  if (mode) return *mode == SeccompMode::kOff;
  // A kernel without seccomp prints no line: then nothing is filtered.
  const Fact<bool>& available = view.snapshot.host.seccomp_filter_available;
  if (available && !*available) return true;
  return Missing(ErrorCode::kNotRead);
}

Fact<bool> DevicesOpen(const ContainerView& view) {
  const LimitsInForce& limits = view.container.limits;
  if (limits.device_rules.value) {
    const auto list = static_cast<std::size_t>(*limits.device_rules.value);
    return std::ranges::any_of(view.snapshot.device_lists[list], GrantsAll);
  }
  if (limits.device_programs.value) return *limits.device_programs.value == 0;
  return std::unexpected(limits.device_programs.value.error());
}

Fact<bool> ProcSysWritable(const ContainerView& view) {
  return IsWritable(view, {.path = "/proc/sys", .type = "proc"});
}

Fact<bool> SysWritable(const ContainerView& view) {
  return IsWritable(view, {.path = "/sys", .type = "sysfs"});
}

}  // namespace hullmark
