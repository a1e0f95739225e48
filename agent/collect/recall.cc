// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/recall.h"

#include <cstddef>
#include <utility>

#include "agent/collect/mount_table.h"
#include "hullmark/facts.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {

void Recall::TakeMounts(MountTableState& state, MountNamespace& row) {
  if (!mounts_.IsUnchanged(row.inode)) return;
  const auto known = memory_.mount_tables.find(std::to_underlying(row.inode));
  const MountNamespace* const last = FindMountNamespace(memory_.records, row.inode);
  if (known == memory_.mount_tables.end() || last == nullptr || !last->mounts) return;
  const std::size_t place = state.row;
  state = known->second;
  state.row = place;
  state.useless = 0;
  state.taken_over = true;
  row.mounts = carry_.Over(*last->mounts);
  row.rootless_table = last->rootless_table;
  row.truncated = last->truncated;
}

void Recall::TakeIdMaps(UserNamespace& row) const {
  if (rotation_.IsDue(std::to_underlying(row.inode))) return;
  const UserNamespace* const last = FindUserNamespace(memory_.records, row.inode);
  if (last == nullptr) return;
  const auto written = [](const Fact<IdMap>& map) { return map && !map->empty(); };
  if (written(last->uid_map)) row.uid_map = last->uid_map;
  if (written(last->gid_map)) row.gid_map = last->gid_map;
}

}  // namespace hullmark
