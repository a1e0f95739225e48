// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "agent/runtime/kinship.h"
#include "agent/runtime/scene.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"

namespace hullmark::runtime {

// A row of Groups::all.
using GroupRow = std::uint32_t;

// The processes of one mount namespace whose root is not the host's, or that nobody could compare
// with it; or those of one cgroup that a runtime names whose namespaces cannot be read.
struct Group {
  std::optional<NamespaceInode> mounts;  // nullopt: unreadable.
  std::vector<Row> rows;
  Row anchor = 0;                   // Entered first: its init, else the oldest from outside.
  bool has_init = false;            // The anchor is number 1 of a pid namespace of its own.
  std::optional<GroupRow> above;    // Group of the nearest ancestor of the anchor.
  std::uint32_t depth = 0;          // Groups above.
  std::optional<GroupRow> main;     // The group that it only adds processes to; else nullopt.
  std::vector<GroupRow> followers;  // Groups whose `main` this is.
};

struct Groups {
  std::vector<Group> all;
  std::vector<std::optional<GroupRow>> of;  // Per process.
};

Groups GroupsOf(const Scene& scene);

// Number 1 of a pid namespace that is not the host's; where its status could not be read, whoever
// entered one.
bool IsInit(const Scene& scene, const Process& process);

}  // namespace hullmark::runtime
