// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// Which containers are meant. Every key that is given must match, one of its patterns at least; a
// key that is not given matches everything, so that an empty selector selects all. What a container
// does not have (an image, a pod) matches no pattern, not even "*".
struct Selector {
  // `id` matches the full one or its first 12 characters; `pod` its name or its id.
  std::vector<Glob> name{}, id{}, image{}, runtime{}, name_space{}, pod{}, container_class{},
      cgroup{};
  std::map<std::string, Glob> labels{};      // By key; a label without a value is "".
  std::optional<Uid> uid{};                  // Real uid of the init, or the owner of its claims.
  std::shared_ptr<const Selector> except{};  // "not": what this one selects is left out.
};

// Whether two ask the same, key by key.
bool operator==(const Selector& a, const Selector& b);

// Whether every key is absent: not one container, nor the host, is left out.
bool IsEmpty(const Selector& selector);

// Adds the keys of the labels that `selector` asks for: no others are read.
void AddLabelKeys(const Selector& selector, std::set<std::string>& keys);

// Who may be believed: a waiver must not be had by writing a file of one's own.
enum class Belief : std::uint8_t {
  kAll,       // Claims of every trust: to filter what is shown.
  kRootOnly,  // Claims of user trust match nothing, unless the selector names their `uid`.
};

// Whether a container is meant. Names that somebody chose (all keys but class and uid) are believed
// as `belief` tells. Where no claim names a container it is called after its cgroup: root's word,
// unless that lies in a user's slice or in another container. `except` turns the question around,
// so that nowhere anybody is exempted by what he says of himself: it believes root alone where the
// rest believes all, and the reverse.
bool Selects(const Selector& selector, const Snapshot& snapshot, const Container& container,
             Belief belief);

}  // namespace hullmark
