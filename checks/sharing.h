// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
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

// Which other containers are in the namespaces of one, judged by the inits of both. Containers of
// one pod, and those nested inside this one, are not strangers to it.
class Neighbours {
 public:
  Neighbours(const ContainerView& view, KindSet kinds, bool same_pod_ok);

  // Fail: a stranger is in the same namespace and it is not the host's. Unknown: the link of either
  // could not be read, or it may be the host's.
  Verdict Judge(NamespaceKind kind, EvidenceOut out) const;

 private:
  struct Own {
    NamespaceKind kind{};
    NamespaceInode inode{};
  };
  struct Of {
    const Container* stranger = nullptr;  // In the same namespace.
    const Container* podless = nullptr;   // As `stranger`, unless a pause container is there too.
    const Container* unread = nullptr;    // Nobody knows.
    bool pause = false;                   // A pause container is in the same namespace.
  };

  Verdict JudgeInit(NamespaceKind kind, EvidenceOut out) const;
  // Those of `kinds` that others could share: readable and not the host's; they lie in `room`.
  std::span<const Own> OwnNamespaces(KindSet kinds, std::span<Own> room) const;
  void Meet(const Container& other, NamespaceKind kind, bool read);
  bool IsInside(const Container& other) const;

  ContainerView view_;
  bool same_pod_ok_;
  const Process* init_ = nullptr;  // Of this container; nullptr: it has no process.
  std::array<Of, kNamespaceKinds> of_ = {};
};

}  // namespace hullmark
