// SPDX-License-Identifier: Apache-2.0
#include "checks/sharing.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checks/verdicts.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

enum class Kinship : std::uint8_t { kOnePod, kOnePodIfPause, kStrangers };

// Pods are told by their name; where nothing names one, by the pause container that holds its
// namespaces.
Kinship KinshipOf(const Container& a, const Container& b) {
  const bool a_named = a.pod != StringId{};
  const bool b_named = b.pod != StringId{};
  if (a_named && b_named) return a.pod == b.pod ? Kinship::kOnePod : Kinship::kStrangers;
  if (a.container_class == ContainerClass::kPause || b.container_class == ContainerClass::kPause) {
    return Kinship::kOnePod;
  }
  return a_named || b_named ? Kinship::kStrangers : Kinship::kOnePodIfPause;
}

// The process that stands for a container: its init, or any member where that could not be told.
const Process* Representative(const Snapshot& snapshot, const Container& container) {
  if (container.init) return &snapshot.At(*container.init);
  if (container.members.empty()) return nullptr;
  return &snapshot.At(container.members.front().process);
}

std::string NameFor(const Snapshot& snapshot, const Container& container) {
  const std::string_view name = snapshot.Text(container.name);
  return Cut(name.empty() ? snapshot.Text(container.id) : name, 64);
}

}  // namespace

std::optional<KindSet> KindSet::OfNames(const std::vector<std::string>& names) {
  KindSet kinds;
  for (const std::string& name : names) {
    const auto found = std::ranges::find(kNamespaceNames, std::string_view(name));
    if (found == kNamespaceNames.end()) return std::nullopt;
    kinds |= KindSet(static_cast<NamespaceKind>(found - kNamespaceNames.begin()));
  }
  return kinds;
}

Neighbours::Neighbours(const ContainerView& view, KindSet kinds, bool same_pod_ok)
    : view_(view), same_pod_ok_(same_pod_ok), init_(Representative(view.snapshot, view.container)) {
  if (init_ == nullptr) return;
  std::array<Own, kNamespaceKinds> room = {};
  const std::span<const Own> own = OwnNamespaces(kinds, room);
  for (const Container& other : view.snapshot.containers) {
    const Process* process = Representative(view.snapshot, other);
    if (&other == &view.container || process == nullptr) continue;
    for (const Own& mine : own) {  // A thousand containers make this a million pairs.
      const Fact<NamespaceInode> theirs = process->leader.namespaces[mine.kind];
      if (!theirs || *theirs == mine.inode) Meet(other, mine.kind, theirs.has_value());
    }
  }
}

std::span<const Neighbours::Own> Neighbours::OwnNamespaces(KindSet kinds,
                                                           std::span<Own> room) const {
  std::size_t count = 0;
  for (std::size_t at = 0; at < kNamespaceKinds; ++at) {
    const auto kind = static_cast<NamespaceKind>(at);
    const Fact<NamespaceInode> inode = init_->leader.namespaces[kind];
    const bool hosts = InHostNamespace(view_.snapshot, init_->leader, kind).value_or(false);
    if (kinds.Has(kind) && inode && !hosts) room[count++] = {.kind = kind, .inode = *inode};
  }
  return room.first(count);
}

void Neighbours::Meet(const Container& other, NamespaceKind kind, bool read) {
  if (IsInside(other)) return;
  Of& of = of_[std::to_underlying(kind)];
  const Kinship kinship = same_pod_ok_ ? KinshipOf(view_.container, other) : Kinship::kStrangers;
  if (!read) {
    if (kinship != Kinship::kOnePod) of.unread = &other;
    return;
  }
  switch (kinship) {
    case Kinship::kOnePod:
      of.pause |= other.container_class == ContainerClass::kPause;
      return;
    case Kinship::kOnePodIfPause:
      of.podless = &other;
      return;
    case Kinship::kStrangers:
      of.stranger = &other;
      return;
  }
}

// A cycle of parents would be a broken snapshot; the walk ends all the same.
bool Neighbours::IsInside(const Container& other) const {
  const std::vector<Container>& all = view_.snapshot.containers;
  const Container* at = &other;
  for (std::size_t step = 0; step < all.size() && at->parent; ++step) {
    at = &all[*at->parent];
    if (at == &view_.container) return true;
  }
  return false;
}

Verdict Neighbours::Judge(NamespaceKind kind, EvidenceOut out) const {
  if (init_ == nullptr) return Unknown(out, "", "the container has no process");
  const std::size_t before = out == nullptr ? 0 : out->size();
  const Verdict verdict = JudgeInit(kind, out);
  for (std::size_t at = before; out != nullptr && at < out->size(); ++at) {
    (*out)[at].pid = init_->pid;
  }
  return verdict;
}

Verdict Neighbours::JudgeInit(NamespaceKind kind, EvidenceOut out) const {
  const Snapshot& snapshot = view_.snapshot;
  const Fact<NamespaceInode> own = init_->leader.namespaces[kind];
  const bool no_link = !own && own.error().code == ErrorCode::kNotFound;
  if (no_link && KernelLacks(snapshot.host, kind)) {
    return NotApplicable("this kernel has no such namespaces");
  }
  if (!own) return Unknown(out, LinkOf(kind), own.error());
  const Fact<bool> host = InHostNamespace(snapshot, init_->leader, kind);
  if (host && *host) return Pass("the host's own");
  const Of& of = of_[std::to_underlying(kind)];
  const Container* sharer = of.stranger != nullptr || of.pause ? of.stranger : of.podless;
  if (sharer != nullptr && !host) return Unknown(out, LinkOf(kind), host.error());
  if (sharer != nullptr) {
    return Fail(out, LinkOf(kind), [&] {
      return ToText(kind, *own) + " is also that of container " + NameFor(snapshot, *sharer);
    });
  }
  if (of.unread == nullptr) return Pass();
  Prove(out, LinkOf(kind), [&] {
    return "that of container " + NameFor(snapshot, *of.unread) + " could not be read";
  });
  return {.outcome = Outcome::kUnknown};
}

}  // namespace hullmark
