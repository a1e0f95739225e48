// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <vector>

#include "agent/runtime/kinship.h"
#include "agent/runtime/scene.h"
#include "agent/runtime/structure.h"

namespace hullmark::runtime {

namespace {

// Per draft: where it was entered first, its init or the ancestor of it that set everything up.
std::vector<Row> EntriesOf(const Scene& scene, const Structure& structure) {
  std::vector<Row> entries;
  for (const auto& draft : structure.drafts) {
    Row entry = draft.init;
    for (auto up = scene.kin.parent[entry]; up && structure.owner[*up] == structure.owner[entry];
         up = scene.kin.parent[entry]) {
      entry = *up;
    }
    entries.push_back(entry);
  }
  return entries;
}

}  // namespace

std::vector<bool> JoinedFromOutside(const Scene& scene, const Structure& structure) {
  const auto& owner = structure.owner;
  const auto entries = EntriesOf(scene, structure);
  std::vector<bool> joined(owner.size(), false);
  std::vector<std::optional<Row>> outward(owner.size());  // Nearest ancestor with another owner.
  for (const Row row : scene.kin.order) {
    const auto parent = scene.kin.parent[row];
    if (parent) outward[row] = owner[*parent] == owner[row] ? outward[*parent] : parent;
    const auto draft = owner[row];
    if (!draft || entries[*draft] == row) continue;
    auto inside = parent;
    while (inside && owner[*inside] != owner[row]) inside = outward[*inside];
    joined[row] = !inside || joined[*inside];
  }
  return joined;
}

}  // namespace hullmark::runtime
