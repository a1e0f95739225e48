// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "hullmark/ids.h"
#include "hullmark/selector.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// Whom nothing is ever done to, whatever a policy says. It follows from the structure of the host:
// what a container calls itself, its processes or its files exempts nobody.
class Protection {
 public:
  // `self` is our own process. All outlive this.
  Protection(const Snapshot& snapshot, const Selector& infrastructure, Pid self);

  // Why the container must be left alone; "": it may be acted upon.
  std::string WhyNot(std::uint32_t container) const;

  // Why a process must be that has come to a container since, which may be acted upon otherwise:
  // it executes `program`, a path or the last part of one, which is the host's where `of_host`.
  static std::string WhyNot(std::int32_t oom_score_adj, std::string_view program, bool of_host);

 private:
  std::string WhyNotOfItself(const Container& container) const;
  std::string WhyNotOfMembers(const Container& container) const;
  std::string WhyNotOfCgroup(std::uint32_t container) const;
  bool IsWithin(std::uint32_t inner, std::uint32_t outer) const;
  std::vector<CgroupIndex> CgroupsOf(const Process& process) const;

  const Snapshot& snapshot_;
  const Selector& infrastructure_;
  Pid self_;
  // Who has processes in a cgroup or below it: positions of containers (the innermost of each
  // process), kNobodys for processes of none.
  static constexpr std::uint32_t kNobodys = UINT32_MAX;
  std::unordered_map<CgroupIndex, std::unordered_set<std::uint32_t>> owners_;
};

// Whether a process of the container runs the host's own files, as those of containers do not.
bool RunsHostFiles(const Snapshot& snapshot, const Container& container, const Process& process);

// Who is left alone, in words, an item each.
std::span<const std::string_view> NeverList();

}  // namespace hullmark
