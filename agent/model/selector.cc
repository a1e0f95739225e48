// SPDX-License-Identifier: Apache-2.0
#include "hullmark/selector.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::size_t kShortId = 12;

bool MatchesAny(const std::vector<Glob>& patterns, std::string_view text) {
  return !text.empty() &&
         std::ranges::any_of(patterns, [&](const Glob& each) { return each.Matches(text); });
}

// What a key asks of a text; "" is what a container does not have.
bool Admits(const std::vector<Glob>& patterns, std::string_view text) {
  return patterns.empty() || MatchesAny(patterns, text);
}

std::optional<Uid> UidOfInit(const Snapshot& snapshot, const Container& container) {
  if (!container.init) return std::nullopt;
  const auto& status = snapshot.At(*container.init).leader.status;
  return status ? std::optional(status->uid.real) : std::nullopt;
}

bool IsNumber(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// The cgroups that systemd gives to users, who may call what is below them as they like.
bool IsUsersCgroup(std::string_view directory) {
  constexpr std::string_view kSlice = ".slice";
  if (directory == "user.slice" || directory.starts_with("user@")) return true;
  if (!directory.starts_with("user-") || !directory.ends_with(kSlice)) return false;
  directory.remove_prefix(std::string_view("user-").size());
  return IsNumber(directory.substr(0, directory.size() - kSlice.size()));
}

bool LiesBelowUser(std::string_view path) {
  while (!path.empty()) {
    const auto slash = path.find('/');
    if (IsUsersCgroup(path.substr(0, slash))) return true;
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  }
  return false;
}

// Whether what a container is called is root's word.
bool IsNamedByRoot(const Snapshot& snapshot, const Container& container) {
  if (container.claims) return container.claims->trust == Trust::kRoot;
  if (!container.cgroup || container.parent) return false;
  return !LiesBelowUser(snapshot.Text(snapshot.At(*container.cgroup).path));
}

// Whose word it is where it is not root's. A file of root's that others can put elsewhere is
// nobody's.
std::optional<Uid> UserWhoNames(const Snapshot& snapshot, const Container& container) {
  if (!container.claims || !container.claims->owner) return UidOfInit(snapshot, container);
  const Uid owner = *container.claims->owner;
  return owner == Uid{0} ? std::nullopt : std::optional(owner);
}

bool IsBelieved(const Selector& selector, const Snapshot& snapshot, const Container& container,
                Belief belief) {
  if (belief == Belief::kAll || IsNamedByRoot(snapshot, container)) return true;
  return selector.uid && selector.uid == UserWhoNames(snapshot, container);
}

// Keys whose texts somebody chose.
bool AsksForNames(const Selector& selector) {
  return !selector.name.empty() || !selector.id.empty() || !selector.image.empty() ||
         !selector.runtime.empty() || !selector.name_space.empty() || !selector.pod.empty() ||
         !selector.cgroup.empty() || !selector.labels.empty();
}

std::string_view CgroupOf(const Snapshot& snapshot, const Container& container) {
  return container.cgroup ? snapshot.Text(snapshot.At(*container.cgroup).path) : "";
}

std::optional<std::string_view> LabelOf(const Snapshot& snapshot, const Container& container,
                                        std::string_view key) {
  if (!container.claims) return std::nullopt;
  for (const ClaimedLabel& label : container.claims->labels) {
    if (snapshot.Text(label.key) == key) return snapshot.Text(label.value);
  }
  return std::nullopt;
}

bool AdmitsLabels(const Selector& selector, const Snapshot& snapshot, const Container& container) {
  return std::ranges::all_of(selector.labels, [&](const auto& wanted) {
    const auto value = LabelOf(snapshot, container, wanted.first);
    return value && wanted.second.Matches(*value);
  });
}

bool AdmitsNames(const Selector& selector, const Snapshot& snapshot, const Container& container) {
  const std::string_view id = snapshot.Text(container.id);
  std::string_view image;
  if (container.image) image = snapshot.Text(*container.image);
  std::string_view name_space;
  std::string_view pod;
  if (container.kubernetes) {
    name_space = snapshot.Text(container.kubernetes->name_space);
    pod = snapshot.Text(container.kubernetes->pod);
  }
  return Admits(selector.name, snapshot.Text(container.name)) &&
         (Admits(selector.id, id) || MatchesAny(selector.id, id.substr(0, kShortId))) &&
         Admits(selector.image, image) && Admits(selector.runtime, NameOf(container.runtime)) &&
         Admits(selector.name_space, name_space) &&
         (Admits(selector.pod, pod) || MatchesAny(selector.pod, snapshot.Text(container.pod))) &&
         Admits(selector.cgroup, CgroupOf(snapshot, container)) &&
         AdmitsLabels(selector, snapshot, container);
}

bool AdmitsFacts(const Selector& selector, const Snapshot& snapshot, const Container& container) {
  if (!Admits(selector.container_class, NameOf(container.container_class))) return false;
  if (!selector.uid || selector.uid == UidOfInit(snapshot, container)) return true;
  return container.claims && selector.uid == container.claims->owner;
}

Belief TurnedAround(Belief belief) {
  return belief == Belief::kAll ? Belief::kRootOnly : Belief::kAll;
}

}  // namespace

bool operator==(const Selector& a, const Selector& b) {
  const bool same = a.name == b.name && a.id == b.id && a.image == b.image &&
                    a.runtime == b.runtime && a.name_space == b.name_space && a.pod == b.pod &&
                    a.container_class == b.container_class && a.cgroup == b.cgroup &&
                    a.labels == b.labels && a.uid == b.uid;
  if (!same || (a.except == nullptr) != (b.except == nullptr)) return false;
  return a.except == nullptr || *a.except == *b.except;
}

bool IsEmpty(const Selector& selector) {
  return !AsksForNames(selector) && selector.container_class.empty() && !selector.uid &&
         selector.except == nullptr;
}

void AddLabelKeys(const Selector& selector, std::set<std::string>& keys) {
  for (const auto& [key, pattern] : selector.labels) keys.insert(key);
  if (selector.except != nullptr) AddLabelKeys(*selector.except, keys);
}

bool Selects(const Selector& selector, const Snapshot& snapshot, const Container& container,
             Belief belief) {
  if (!AdmitsFacts(selector, snapshot, container)) return false;
  const bool names = AsksForNames(selector);
  if (names && !IsBelieved(selector, snapshot, container, belief)) return false;
  if (names && !AdmitsNames(selector, snapshot, container)) return false;
  return selector.except == nullptr ||
         !Selects(*selector.except, snapshot, container, TurnedAround(belief));
}

}  // namespace hullmark
