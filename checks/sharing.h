// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// A set of kinds of namespaces.
class KindSet {
 public:
  constexpr KindSet() = default;
  constexpr explicit KindSet(NamespaceKind kind)
      : bits_(static_cast<std::uint8_t>(1U << std::to_underlying(kind))) {}

  // Of names as below /proc/PID/ns; nullopt if one is no such name.
  static std::optional<KindSet> OfNames(const std::vector<std::string>& names);

  constexpr bool Has(NamespaceKind kind) const {
    return (bits_ >> std::to_underlying(kind) & 1) != 0;
  }
  constexpr KindSet& operator|=(KindSet other) {
    bits_ = static_cast<std::uint8_t>(bits_ | other.bits_);
    return *this;
  }
  friend constexpr KindSet operator|(KindSet a, KindSet b) { return a |= b; }

 private:
  std::uint8_t bits_ = 0;
};

enum class Kinship : std::uint8_t { kOnePod, kOnePodIfPause, kStrangers };

// Which other containers are in the namespaces of one, judged by every task of both. Containers of
// one pod, and those nested inside this one, are not strangers to it.
class Neighbours {
 public:
  Neighbours(const ContainerView& view, bool same_pod_ok)
      : view_(view), same_pod_ok_(same_pod_ok) {}

  // Fail: a stranger is in the same namespace and it is not the host's. Unknown: the link of either
  // could not be read, or it may be the host's.
  Verdict Judge(NamespaceKind kind, EvidenceOut out) const;

 private:
  struct JudgedTask {
    const Process* process;
    const Task* task;
    Outcome outcome;
  };

  // The first of the worst, from the init on.
  JudgedTask WorstTask(NamespaceKind kind, const Process& init) const;
  Verdict JudgeTask(const Task& task, NamespaceKind kind, EvidenceOut out) const;
  // Because others could be there whose links nobody could read.
  Verdict JudgeUnread(NamespaceKind kind, EvidenceOut out) const;
  const Container* StrangerIn(NamespaceKind kind, NamespaceInode inode) const;
  Kinship KinshipWith(const Container& other) const;
  bool IsOwnOrInside(const Container& other) const;

  ContainerView view_;
  bool same_pod_ok_;
};

}  // namespace hullmark
