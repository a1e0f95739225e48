// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "agent/runtime/kinship.h"
#include "agent/runtime/scene.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark::runtime {

// A row of Structure::drafts.
using DraftRow = std::uint32_t;

// A container, sandbox, service or virtual machine as the kernel shows it, before anything names
// it.
struct Draft {
  ContainerClass container_class = ContainerClass::kContainer;
  Row init = 0;
  std::optional<CgroupIndex> cgroup;  // Its own; nullopt: it has none.
  std::optional<DraftRow> parent;
  Runtime runtime = Runtime::kUnknown;  // What structure says of it; kUnknown: nothing.
  std::string_view unit;                // Of a service: the path of its unit's cgroup.
};

struct Structure {
  std::vector<Draft> drafts;
  std::vector<std::optional<DraftRow>> owner;  // Per process: at most one each.
};

// Finds what has a root file system of its own in a mount namespace of its own, with a pid
// namespace and its init, a user namespace or a cgroup of its own besides; then who belongs to it.
Structure FindContainers(const Scene& scene);

// Each of these takes from what is left over. Virtual machines: processes with the host's root in a
// cgroup that a runtime names; only those are asked whether they run one.
void FindMachines(const Scene& scene, const std::function<Fact<bool>(const Process&)>& runs_machine,
                  Structure& structure);

// Containers around the host's root: what a runtime names, or has an init and a cgroup of its own,
// does not stop to be one by a chroot(2) into a volume.
void FindChrooted(const Scene& scene, Structure& structure);

// systemd's units, told by their cgroup.
void FindServices(const Scene& scene, Structure& structure);

// Processes with namespaces of their own and nothing around them that makes a container.
void FindSandboxes(const Scene& scene, Structure& structure);

// Per process: entered its container from outside, or descends from one that did.
std::vector<bool> JoinedFromOutside(const Scene& scene, const Structure& structure);

}  // namespace hullmark::runtime
