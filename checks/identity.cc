// SPDX-License-Identifier: Apache-2.0
#include "checks/identity.h"

#include <expected>
#include <string_view>
#include <utility>

#include "checks/verdicts.h"
#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

template <typename Id>
InsideIds Translate(const IdMap& map, const IdQuadruple<Id>& ids) {
  const auto inside = [&](Id id) { return InsideId(map, std::to_underlying(id)); };
  return {.real = inside(ids.real),
          .effective = inside(ids.effective),
          .saved = inside(ids.saved),
          .fs = inside(ids.fs)};
}

}  // namespace

Fact<const UserNamespace*> UserNamespaceOf(const Snapshot& snapshot, const Task& task) {
  const Fact<NamespaceInode> own = task.namespaces[NamespaceKind::kUser];
  if (!own) return std::unexpected(own.error());
  const UserNamespace* found = FindUserNamespace(snapshot, *own);
  if (found == nullptr) return Missing(ErrorCode::kNotRead);
  return found;
}

Fact<InsideIds> UidsInside(const Snapshot& snapshot, const Task& task) {
  return UidsInside(snapshot, task, task);
}

Fact<InsideIds> UidsInside(const Snapshot& snapshot, const Task& task, const Task& within) {
  if (!task.status) return std::unexpected(task.status.error());
  const Fact<const UserNamespace*> space = UserNamespaceOf(snapshot, within);
  if (!space) return std::unexpected(space.error());
  const Fact<IdMap>& map = (*space)->uid_map;
  if (!map) return std::unexpected(map.error());
  return Translate(*map, task.status->uid);
}

Fact<InsideIds> GidsInside(const Snapshot& snapshot, const Task& task) {
  return GidsInside(snapshot, task, task);
}

Fact<InsideIds> GidsInside(const Snapshot& snapshot, const Task& task, const Task& within) {
  if (!task.status) return std::unexpected(task.status.error());
  const Fact<const UserNamespace*> space = UserNamespaceOf(snapshot, within);
  if (!space) return std::unexpected(space.error());
  const Fact<IdMap>& map = (*space)->gid_map;
  if (!map) return std::unexpected(map.error());
  return Translate(*map, task.status->gid);
}

Verdict UnknownIds(EvidenceOut out, const Task& task, std::string_view map_file, Fault fault) {
  const bool read_namespace = task.namespaces[NamespaceKind::kUser].has_value();
  return Unknown(out, read_namespace ? map_file : LinkOf(NamespaceKind::kUser), fault);
}

}  // namespace hullmark
