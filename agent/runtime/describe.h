// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "agent/runtime/claim_files.h"
#include "agent/runtime/claims.h"
#include "agent/runtime/scene.h"
#include "agent/runtime/structure.h"

namespace hullmark::runtime {

// What is said of a draft: found before anything is interned, for the scene looks at the strings.
struct Description {
  Claim claim;
  std::vector<std::string> notes;
};

// Names for `draft` and `members` of it: from claims that fit, else from its cgroup, its parent,
// its namespaces. Never empty of an id.
Description Describe(const Scene& scene, const Structure& structure, const Draft& draft,
                     std::size_t members, ClaimFiles& files);

}  // namespace hullmark::runtime
