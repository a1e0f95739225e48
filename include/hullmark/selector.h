// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// Which containers are meant. Every key that is given must match; a key that is not given matches
// everything, so that an empty selector selects all.
struct Selector {
  std::vector<Glob> name{}, id{}, image{}, runtime{}, name_space{}, pod{}, container_class{},
      cgroup{};
  std::map<std::string, Glob> labels{};
  std::optional<Uid> uid{};                  // Of the init, as the host numbers it.
  std::shared_ptr<const Selector> except{};  // "not": what this one selects is left out.
};

// Who may be believed: a waiver must not be had by writing a file of one's own.
enum class Belief : std::uint8_t {
  kAll,       // Claims of every trust: to filter what is shown.
  kRootOnly,  // Claims of user trust match nothing, unless the selector names their `uid`.
};

bool Selects(const Selector& selector, const Snapshot& snapshot, const Container& container,
             Belief belief);

}  // namespace hullmark
