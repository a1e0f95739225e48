// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "checks/drift.h"
#include "checks/identity.h"
#include "checks/table.h"
#include "checks/verdicts.h"
#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr ParamSpec kThreads[] = {{"all_threads", ParamType::kBool}};
constexpr std::size_t kAllThreads = 0;

constexpr ParamSpec kDrift[] = {{"compare", ParamType::kStrings, kComparable}};
constexpr std::size_t kCompare = 0;

Verdict NoNewPrivileges(const TaskView& view, const Params& params, EvidenceOut out) {
  if (!params.Bool(kAllThreads) && !IsLeader(view)) return NotApplicable("not the first thread");
  const Fact<ProcStatus>& status = view.task.status;
  if (!status) return Unknown(out, "status", status.error());
  const std::optional<bool> no_new_privs = status->no_new_privs;
  if (!no_new_privs) return Unknown(out, "status", "no NoNewPrivs line");
  return *no_new_privs ? Pass() : Fail(out, "status", "NoNewPrivs is 0");
}

template <typename Id>
bool AllEqual(const IdQuadruple<Id>& ids) {
  return ids.real == ids.effective && ids.real == ids.saved && ids.real == ids.fs;
}

bool IsUnmapped(const InsideIds& ids) {
  return !ids.real && !ids.effective && !ids.saved && !ids.fs;
}

// Started by somebody else than root, and root now or able to become it.
bool IsEscalated(const InsideIds& ids) { return ids.real != 0U && HasRoot(ids); }

// "Uid is 1000 0 0 0"
template <typename Id>
std::string ToText(std::string_view line, const IdQuadruple<Id>& ids) {
  const auto text = [](Id id) { return " " + std::to_string(std::to_underlying(id)); };
  return std::string(line) + " is" + text(ids.real) + text(ids.effective) + text(ids.saved) +
         text(ids.fs);
}

// What an empty map translates to tells nothing: a process may unshare(2) without ever writing one.
Verdict NoGidEscalation(const TaskView& view, const Task& within, EvidenceOut out) {
  const Fact<InsideIds> gid = GidsInside(view.snapshot, view.task, within);
  if (!gid) return UnknownIds(out, within, "gid_map", gid.error());
  if (IsUnmapped(*gid)) return Unknown(out, "gid_map", "gid_map has none of the four ids");
  if (!IsEscalated(*gid)) return Pass();
  return Fail(out, "status", [&] { return ToText("Gid", view.task.status->gid); });
}

Verdict NoUidEscalation(const TaskView& view, const Task& within, EvidenceOut out) {
  const Fact<InsideIds> uid = UidsInside(view.snapshot, view.task, within);
  if (!uid) return UnknownIds(out, within, "uid_map", uid.error());
  if (IsUnmapped(*uid)) return Unknown(out, "uid_map", "uid_map has none of the four ids");
  if (!IsEscalated(*uid)) return Pass();
  return Fail(out, "status", [&] { return ToText("Uid", view.task.status->uid); });
}

// Four equal ids are four equal ids under every map, unless the observer has no number for them:
// then all of them show as the overflow id.
Verdict NoEscalationWithin(const TaskView& view, const Task& within, EvidenceOut out) {
  const bool every_id_shows = view.snapshot.vantage.initial_user_namespace;
  const ProcStatus& status = *view.task.status;
  Verdict verdict = Pass();
  if (!every_id_shows || !AllEqual(status.uid)) verdict = NoUidEscalation(view, within, out);
  if (!every_id_shows || !AllEqual(status.gid)) {
    verdict = Worse(verdict, NoGidEscalation(view, within, out));
  }
  return verdict;
}

// Root of the container and root of the namespace that the task is in now both count.
Verdict NoIdentityEscalation(const TaskView& view, const Params&, EvidenceOut out) {
  const Fact<ProcStatus>& status = view.task.status;
  if (!status) return Unknown(out, "status", status.error());
  if (!view.container.init) return NoEscalationWithin(view, view.task, out);
  const Task& init = view.snapshot.At(*view.container.init).leader;
  const auto own = view.task.namespaces[NamespaceKind::kUser];
  const Verdict inside = NoEscalationWithin(view, init, out);
  if (inside.outcome == Outcome::kFail || (own && own == init.namespaces[NamespaceKind::kUser])) {
    return inside;
  }
  return Worse(inside, NoEscalationWithin(view, view.task, out));
}

Verdict NoDriftFromInit(const TaskView& view, const Params& params, EvidenceOut out) {
  return CompareWithInit(view, params.Strings(kCompare), out);
}

constexpr Check kChecks[] = {
    {.id = "PRV-001", .evaluate = NoNewPrivileges, .params = kThreads},
    {.id = "PRV-002", .evaluate = NoIdentityEscalation, .params = {}},
    {.id = "PRV-004", .evaluate = NoDriftFromInit, .params = kDrift},
};

}  // namespace

std::span<const Check> PrivilegeChecks() { return kChecks; }

}  // namespace hullmark
