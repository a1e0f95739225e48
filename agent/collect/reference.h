// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/base/file.h"
#include "agent/collect/collect.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// Fills snapshot.host.namespaces (which namespaces are the host's own), last_cap and bounding, and
// what snapshot.vantage says of us but for cgroups and problems. The rule for namespaces: pid 1's
// where it may be read, else kthreadd's, else the kernel's constants; nothing else, least of all
// our own.
void CollectReference(const Roots& roots, Snapshot& snapshot, ReadBuffer& buffer);

// Reads the host's own mount table into snapshot.mount_namespaces: pid 1's, else kthreadd's, never
// ours. To be called before processes are read; host.mounts follows the row when namespaces are
// sorted.
void CollectHostMounts(const Roots& roots, const CollectOptions& options, Snapshot& snapshot,
                       ReadBuffer& buffer);

// Fills who we are in snapshot.vantage, and whether /proc may hide processes from us. Part of
// CollectReference.
void CollectStanding(const Roots& roots, Snapshot& snapshot, ReadBuffer& buffer);

// Names what this look cannot see and how to see more. To be called last.
void CollectVantage(const Roots& roots, Snapshot& snapshot, ReadBuffer& buffer);

}  // namespace hullmark
