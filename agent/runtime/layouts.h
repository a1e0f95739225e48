// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "hullmark/snapshot.h"

namespace hullmark::runtime {

// What the path of a cgroup looks like. A hint: anybody who may create cgroups may call one so.
struct LayoutMatch {
  Runtime runtime = Runtime::kUnknown;
  std::string_view id;  // Inside the path: the runtime's id or name, systemd's escapes kept.
};

// Takes the cgroup whose last directory is a container's own, as some runtime names it; a directory
// below such a one, a pod's, a monitor's or a shim's is none.
std::optional<LayoutMatch> MatchLayout(std::string_view path);

// The pod that a path runs through: a Kubernetes uid with its dashes, or a podman pod's id; "" for
// none. The innermost one where pods nest.
std::string PodOfPath(std::string_view path);

// Undoes systemd's \xHH, see systemd-escape(1); what is no escape stays.
std::string UnescapeUnit(std::string_view name);

// The last directory of a path: "" for "/".
std::string_view BaseName(std::string_view path);

}  // namespace hullmark::runtime
