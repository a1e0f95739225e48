// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "agent/runtime/host_view.h"
#include "agent/runtime/kinship.h"
#include "agent/runtime/layouts.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"

namespace hullmark::runtime {

// Who is in which cgroup, counted over all processes, so that "its own" can be told.
class CgroupTree {
 public:
  CgroupTree(const Snapshot& snapshot, const HostView& host);

  // Where limits live and containers are told apart: the hierarchy of the pids controller, else of
  // memory, and so on; one without controllers comes last.
  const std::vector<HierarchyIndex>& preference() const { return preference_; }

  std::optional<CgroupIndex> Of(const Process& process, HierarchyIndex hierarchy) const;
  // In the first hierarchy of the preference that the process is in.
  std::optional<CgroupIndex> Of(const Process& process) const;

  // The cgroup above; nullopt for a root.
  std::optional<CgroupIndex> Above(CgroupIndex cgroup) const;
  bool IsRoot(CgroupIndex cgroup) const { return !Above(cgroup); }
  // Whether `at` is `ancestor` or below it.
  bool Within(std::optional<CgroupIndex> at, CgroupIndex ancestor) const;
  std::string_view PathOf(CgroupIndex cgroup) const;

  // The innermost cgroup at or above `cgroup` that looks like a container's.
  std::optional<CgroupIndex> LayoutAt(CgroupIndex cgroup) const;
  std::optional<LayoutMatch> MatchAt(CgroupIndex cgroup) const;

  // The cgroup of its own of a set of processes, `anchor` among them: only they are in it. Of those
  // the one that a runtime would have named, else the lowest that holds as many as any. Below a
  // name that a runtime gives, who has nothing but the host's namespaces or shares one of the
  // anchor's does not make the cgroup shared: shims, and what entered. Looked for where limits are.
  std::optional<CgroupIndex> OwnOf(Row anchor, std::span<const Row> inside) const;

 private:
  void CountProcesses();
  void FindLayouts();
  void Prefer();
  std::vector<std::uint32_t> CountsOn(std::span<const CgroupIndex> path,
                                      std::span<const Row> inside) const;
  bool IsOwnByName(CgroupIndex named, Row anchor, std::span<const Row> inside) const;
  std::optional<CgroupIndex> OwnIn(CgroupIndex leaf, Row anchor, std::span<const Row> inside) const;

  const Snapshot& snapshot_;
  const HostView& host_;
  std::vector<CgroupIndex> order_;     // Ancestors first.
  std::vector<std::uint32_t> counts_;  // Of processes in and below, per row of Snapshot::cgroups.
  std::vector<std::optional<CgroupIndex>> layout_;
  std::unordered_map<CgroupIndex, std::vector<Row>> named_;  // Who is at or below a named one.
  std::vector<HierarchyIndex> preference_;
};

}  // namespace hullmark::runtime
