// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/collect/collect.h"
#include "agent/collect/interner.h"
#include "agent/parse/host_files.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// Turns the texts of /proc/PID/cgroup into rows of snapshot.cgroups and snapshot.memberships, each
// distinct text and each directory once.
class Memberships {
 public:
  // Fills snapshot.hierarchies from the reader's own mount table and /proc/self/cgroup, and where
  // each controller lives.
  Memberships(const Roots& roots, Snapshot& snapshot, ReadBuffer& buffer);

  // The membership that `text` of a /proc/PID/cgroup stands for.
  Fact<MembershipIndex> Of(std::string_view text);

  // A hash of the text that a membership was made of: where it differs, the process has moved.
  std::uint64_t HashOf(MembershipIndex membership) const {
    return hashes_[static_cast<std::size_t>(membership)];
  }

  // A directory of hierarchy `at` below the cgroup root, for openat(2): "memory/docker/<id>".
  // nullopt where the hierarchy is mounted nowhere we can look.
  std::optional<std::string> DirectoryOf(HierarchyIndex at, std::string_view path) const;

 private:
  void ReadOwnMounts();
  void ReadUnifiedControllers();
  void PlaceControllers();
  // The rows of /proc/cgroups.
  Fact<std::vector<CgroupController>> ReadCompiledControllers();
  void AddHierarchy(const Hierarchy& hierarchy, std::string_view names);
  HierarchyIndex HierarchyOf(std::string_view controllers);
  CgroupIndex CgroupOf(HierarchyIndex hierarchy, std::string_view path);
  Fact<MembershipIndex> Parse(std::string_view text);
  bool Exists(HierarchyIndex hierarchy, std::string_view path) const;

  const Roots& roots_;
  Snapshot& snapshot_;
  ReadBuffer& buffer_;
  TextInterner<MembershipIndex> memberships_;
  std::vector<std::uint64_t> hashes_;  // By MembershipIndex.
  std::map<std::string, HierarchyIndex, std::less<>>
      by_controller_;  // "memory", "name=systemd", "".
  std::map<std::pair<std::uint32_t, StringId>, CgroupIndex> by_path_;
};

}  // namespace hullmark
