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
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr ParamSpec kThreads[] = {{"all_threads", ParamType::kBool}};
constexpr std::size_t kAllThreads = 0;

constexpr ParamSpec kDrift[] = {{"compare", ParamType::kStrings}};
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

// Started by somebody else than root, and root now or able to become it.
bool IsEscalated(const InsideIds& ids) { return ids.real != 0U && HasRoot(ids); }

// "Uid is 1000 0 0 0"
template <typename Id>
std::string ToText(std::string_view line, const IdQuadruple<Id>& ids) {
  const auto text = [](Id id) { return " " + std::to_string(std::to_underlying(id)); };
  return std::string(line) + " is" + text(ids.real) + text(ids.effective) + text(ids.saved) +
         text(ids.fs);
}

Verdict NoGidEscalation(const TaskView& view, EvidenceOut out) {
  const Fact<InsideIds> gid = GidsInside(view.snapshot, view.task);
  if (!gid) return UnknownIds(out, view.task, "gid_map", gid.error());
  if (!IsEscalated(*gid)) return Pass();
  return Fail(out, "status", [&] { return ToText("Gid", view.task.status->gid); });
}

Verdict NoUidEscalation(const TaskView& view, EvidenceOut out) {
  const Fact<InsideIds> uid = UidsInside(view.snapshot, view.task);
  if (!uid) return UnknownIds(out, view.task, "uid_map", uid.error());
  if (!IsEscalated(*uid)) return Pass();
  return Fail(out, "status", [&] { return ToText("Uid", view.task.status->uid); });
}

// Four equal ids are four equal ids under every map, unless the observer has no number for them:
// then all of them show as the overflow id.
Verdict NoIdentityEscalation(const TaskView& view, const Params&, EvidenceOut out) {
  const Fact<ProcStatus>& status = view.task.status;
  if (!status) return Unknown(out, "status", status.error());
  const bool every_id_shows = view.snapshot.vantage.initial_user_namespace;
  Verdict verdict = Pass();
  if (!every_id_shows || !AllEqual(status->uid)) verdict = NoUidEscalation(view, out);
  if (!every_id_shows || !AllEqual(status->gid))
    verdict = Worse(verdict, NoGidEscalation(view, out));
  return verdict;
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
