// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// The user namespace of a task as the tables know it, see user_namespaces(7). The kernel shows ids
// in the observer's user namespace; the maps turn them into the task's own.
// Errors: the fault of ns/user; kNotRead where the tables lack the namespace.
Fact<const UserNamespace*> UserNamespaceOf(const Snapshot& snapshot, const Task& task);

// The four uids (gids) of a task as its own user namespace numbers them, or that of `within`;
// nullopt for an id that has no number there. Errors: those of UserNamespaceOf, the fault of status
// or of the map.
using InsideIds = IdQuadruple<std::optional<std::uint32_t>>;
Fact<InsideIds> UidsInside(const Snapshot& snapshot, const Task& task);
Fact<InsideIds> GidsInside(const Snapshot& snapshot, const Task& task);
Fact<InsideIds> UidsInside(const Snapshot& snapshot, const Task& task, const Task& within);
Fact<InsideIds> GidsInside(const Snapshot& snapshot, const Task& task, const Task& within);

// Unknown because one of the above failed; `map_file` is "uid_map" or "gid_map".
Verdict UnknownIds(EvidenceOut out, const Task& task, std::string_view map_file, Fault fault);

// Whether one of the four is 0: root of its user namespace.
constexpr bool HasRoot(const InsideIds& ids) {
  return ids.real == 0U || ids.effective == 0U || ids.saved == 0U || ids.fs == 0U;
}

}  // namespace hullmark
