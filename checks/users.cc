// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <span>
#include <string_view>

#include "checks/identity.h"
#include "checks/table.h"
#include "checks/verdicts.h"
#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

// Ids and maps mean what they say only to an observer in the initial user namespace, see
// user_namespaces(7).

namespace hullmark {
namespace {

constexpr std::string_view kUidMap = "uid_map";
constexpr std::string_view kNoMap = "uid_map is empty";

Verdict NotRootInside(const TaskView& view, const Params&, EvidenceOut out) {
  const Snapshot& snapshot = view.snapshot;
  if (!SeesHost(snapshot.vantage)) return Unknown(out, kUidMap, Fault{ErrorCode::kVantage});
  if (!view.task.status) return Unknown(out, "status", view.task.status.error());
  const Fact<const UserNamespace*> own = UserNamespaceOf(snapshot, view.task);
  if (own && (*own)->uid_map && (*own)->uid_map->empty()) return Unknown(out, kUidMap, kNoMap);
  const Fact<InsideIds> uid = UidsInside(snapshot, view.task);
  if (!uid) return UnknownIds(out, view.task, kUidMap, uid.error());
  if (!HasRoot(*uid)) return Pass();
  return Fail(out, "status", "Uid has 0 of its user namespace");
}

// Whether some id inside is uid 0 of the host.
bool CoversHostRoot(const IdMap& map) {
  return std::ranges::any_of(map, [](const IdExtent& e) { return e.outside == 0 && e.count > 0; });
}

bool IsNobodyOnHost(const ProcStatus& status) {
  const IdQuadruple<Uid>& uid = status.uid;
  const bool root =
      uid.real == Uid{} || uid.effective == Uid{} || uid.saved == Uid{} || uid.fs == Uid{};
  return !root && status.effective.empty();
}

Verdict RootIsNotHostRoot(const TaskView& view, const Params&, EvidenceOut out) {
  if (!SeesHost(view.snapshot.vantage)) return Unknown(out, kUidMap, Fault{ErrorCode::kVantage});
  const Fact<const UserNamespace*> own = UserNamespaceOf(view.snapshot, view.task);
  if (!own) return UnknownIds(out, view.task, kUidMap, own.error());
  const Fact<IdMap>& map = (*own)->uid_map;
  if (!map) return Unknown(out, kUidMap, map.error());
  if (map->empty()) return Unknown(out, kUidMap, kNoMap);
  if (!CoversHostRoot(*map)) return Pass();
  const Fact<ProcStatus>& status = view.task.status;
  if (!status) return Unknown(out, "status", status.error());
  if (IsNobodyOnHost(*status)) return Pass("runs without root and without capabilities");
  return Fail(out, kUidMap, "uid_map reaches uid 0 of the host");
}

constexpr Check kChecks[] = {
    {.id = "USR-001", .evaluate = NotRootInside, .params = {}},
    {.id = "USR-002", .evaluate = RootIsNotHostRoot, .params = {}},
};

}  // namespace

std::span<const Check> UserChecks() { return kChecks; }

}  // namespace hullmark
