// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/collect/collect.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// Fills snapshot.host but for namespaces, mounts, capabilities, cgroup layout and where controllers
// live, which CollectReference and CollectHierarchies have filled before: host paths are placed
// with the host's mount table.
void CollectHost(const Roots& roots, const CollectOptions& options, Snapshot& snapshot);

}  // namespace hullmark
