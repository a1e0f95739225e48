// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/runtime/cgroup_tree.h"
#include "agent/runtime/host_view.h"
#include "agent/runtime/kinship.h"
#include "hullmark/snapshot.h"

namespace hullmark::runtime {

// What every step of attribution looks at. Nothing in it changes while containers are found.
struct Scene {
  explicit Scene(const Snapshot& facts)
      : snapshot(facts), host(facts), kin(KinshipOf(facts.processes)), cgroups(facts, host) {}

  const Process& At(Row row) const { return snapshot.processes[row]; }

  const Snapshot& snapshot;
  HostView host;
  Kinship kin;
  CgroupTree cgroups;
};

}  // namespace hullmark::runtime
