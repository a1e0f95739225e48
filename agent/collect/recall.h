// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/collect/carry.h"
#include "agent/collect/fact_tables.h"
#include "agent/collect/kept_mounts.h"
#include "agent/collect/memory.h"
#include "agent/collect/mount_table.h"
#include "agent/collect/rotation.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// What one look takes over from the last one.
class Recall {
 public:
  Recall(const Memory& memory, FactTables& tables, KeptMounts& mounts, const Rotation& rotation)
      : memory_(memory), mounts_(mounts), rotation_(rotation), carry_(memory.records, tables) {}

  const Memory& memory() const { return memory_; }
  Carry& carry() { return carry_; }
  KeptMounts& mounts() { return mounts_; }
  const Rotation& rotation() const { return rotation_; }

  // Fills the table of a namespace whose kept mountinfo says that nothing has changed.
  void TakeMounts(MountTableState& state, MountNamespace& row);
  // Fills what is known of the maps of a namespace: once written they never change.
  void TakeIdMaps(UserNamespace& row) const;

 private:
  const Memory& memory_;
  KeptMounts& mounts_;
  Rotation rotation_;
  Carry carry_;
};

}  // namespace hullmark
