// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// A limit's controller and the names of its file in both versions of cgroups.
struct LimitFile {
  Controller controller;
  std::string_view v1, v2;
};

// The version of cgroups that a controller's files are of: that of `source` when there is one, else
// where the host has the controller.
Fact<CgroupVersion> VersionOf(const Snapshot& snapshot, std::optional<CgroupIndex> source,
                              Controller controller);

// Whether `source` is the container's own cgroup or lies below it. A container that shares every
// cgroup with others has none of its own, and whatever limits it is an ancestor's.
bool IsOwn(const ContainerView& view, CgroupIndex source);

// Whether a limit does not count because it is an ancestor's.
template <typename T>
bool TooFarUp(const ContainerView& view, const InForce<T>& limit, bool accept_ancestor) {
  return !accept_ancestor && !(limit.source && IsOwn(view, *limit.source));
}

// A fail proved by the file of a limit.
Verdict FailLimit(const ContainerView& view, std::optional<CgroupIndex> source,
                  const LimitFile& file, EvidenceOut out, std::string_view fact);

// The verdict where no value is in force because of `fault`: a controller that is there and limits
// nothing on the whole path fails, one that the kernel lacks does not apply (HST-015 says so), all
// else is unknown.
Verdict WithoutValue(const ContainerView& view, const LimitFile& file, EvidenceOut out,
                     Fault fault);

}  // namespace hullmark
