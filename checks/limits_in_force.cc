// SPDX-License-Identifier: Apache-2.0
#include "checks/limits_in_force.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "checks/mount_paths.h"
#include "checks/verdicts.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

const Hierarchy& HierarchyOf(const Snapshot& snapshot, CgroupIndex cgroup) {
  return snapshot.hierarchies[static_cast<std::size_t>(snapshot.At(cgroup).hierarchy)];
}

// Where the container's init is in each hierarchy; nullptr when that cannot be told.
const Membership* MembershipOf(const ContainerView& view) {
  if (!view.container.init) return nullptr;
  const Fact<MembershipIndex>& membership = view.snapshot.At(*view.container.init).leader.cgroup;
  return membership ? &view.snapshot.At(*membership) : nullptr;
}

std::optional<CgroupIndex> CgroupOfInit(const ContainerView& view, Controller controller) {
  const Membership* const membership = MembershipOf(view);
  if (membership == nullptr) return std::nullopt;
  for (const CgroupIndex cgroup : membership->cgroups) {
    const auto controllers = HierarchyOf(view.snapshot, cgroup).controllers;
    if ((controllers >> std::to_underlying(controller) & 1) != 0) return cgroup;
  }
  return std::nullopt;
}

}  // namespace

Fact<CgroupVersion> VersionOf(const Snapshot& snapshot, std::optional<CgroupIndex> source,
                              Controller controller) {
  if (source) return HierarchyOf(snapshot, *source).version;
  return snapshot.host.controller_versions[std::to_underlying(controller)];
}

bool IsOwn(const ContainerView& view, CgroupIndex source) {
  const Snapshot& snapshot = view.snapshot;
  if (!view.container.cgroup) return false;
  const auto own = snapshot.Text(snapshot.At(*view.container.cgroup).path);
  if (Covers(own, snapshot.Text(snapshot.At(source).path))) return true;
  // On v1 the path may differ from hierarchy to hierarchy.
  const Membership* const membership = MembershipOf(view);
  return membership != nullptr &&
         std::ranges::find(membership->cgroups, source) != membership->cgroups.end();
}

namespace {

// A line of proof from a file of `source`, or of the cgroup that init is in.
Evidence LineOf(const ContainerView& view, std::optional<CgroupIndex> source, const LimitFile& file,
                std::string_view fact) {
  const auto cgroup = source ? source : CgroupOfInit(view, file.controller);
  const Fact<CgroupVersion> version = VersionOf(view.snapshot, cgroup, file.controller);
  const auto name = version && *version == CgroupVersion::kV1 ? file.v1 : file.v2;
  return {.cgroup = cgroup, .source = std::string(name), .fact = std::string(fact)};
}

}  // namespace

Verdict FailLimit(const ContainerView& view, std::optional<CgroupIndex> source,
                  const LimitFile& file, EvidenceOut out, std::string_view fact) {
  if (out != nullptr) out->push_back(LineOf(view, source, file, fact));
  return {.outcome = Outcome::kFail};
}

Verdict WithoutValue(const ContainerView& view, const LimitFile& file, EvidenceOut out,
                     Fault fault) {
  if (fault.code == ErrorCode::kUnsupported) {
    return NotApplicable("this kernel has the controller switched off");
  }
  if (fault.code == ErrorCode::kNotFound) {
    return FailLimit(view, {}, file, out, "no cgroup from here up to the root has this file");
  }
  if (out != nullptr) {
    out->push_back(LineOf(view, {}, file, NameOf(fault.code)));
    out->back().error_number = fault.error_number;
  }
  return {.outcome = Outcome::kUnknown};
}

}  // namespace hullmark
