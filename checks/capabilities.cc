// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "checks/identity.h"
#include "checks/table.h"
#include "checks/verdicts.h"
#include "hullmark/caps.h"
#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

// Capabilities are relative to the task's user namespace, see capabilities(7): the same bit is host
// root in the initial one and a promise about a few objects of its own in any other.

namespace hullmark {
namespace {

// What a capability of a task in a user namespace of its own costs.
constexpr Price kInOwnUserNamespace = {.severity = Severity::kLow, .weight = 2};

constexpr ParamSpec kOneCap[] = {{"include_permitted", ParamType::kBool},
                                 {"userns_discount", ParamType::kBool}};
constexpr std::size_t kIncludePermitted = 0;

constexpr ParamSpec kCapList[] = {{"caps", ParamType::kCaps},
                                  {"userns_discount", ParamType::kBool}};
constexpr std::size_t kCaps = 0;

constexpr std::size_t kUsernsDiscount = 1;  // In both lists.

constexpr ParamSpec kDefaultSet[] = {{"default_set", ParamType::kCaps}};
constexpr ParamSpec kAllowed[] = {{"allowed", ParamType::kCaps}};
constexpr std::size_t kOnlySet = 0;

constexpr ParamSpec kAllowedSets[] = {{"allowed_ambient", ParamType::kCaps},
                                      {"allowed_inheritable", ParamType::kCaps}};
constexpr std::size_t kAllowedAmbient = 0;
constexpr std::size_t kAllowedInheritable = 1;

// Every capability that CAP-001 to CAP-012 speak of.
constexpr CapSet kNamedElsewhere = {Cap::kSysAdmin,     Cap::kSysModule,
                                    Cap::kSysRawio,     Cap::kDacReadSearch,
                                    Cap::kSysPtrace,    Cap::kBpf,
                                    Cap::kPerfmon,      Cap::kNetAdmin,
                                    Cap::kNetRaw,       Cap::kMknod,
                                    Cap::kSysBoot,      Cap::kSysTime,
                                    Cap::kSysPacct,     Cap::kSysTtyConfig,
                                    Cap::kSyslog,       Cap::kWakeAlarm,
                                    Cap::kMacAdmin,     Cap::kMacOverride,
                                    Cap::kAuditControl, Cap::kAuditRead,
                                    Cap::kSysNice,      Cap::kSysResource,
                                    Cap::kIpcLock,      Cap::kIpcOwner,
                                    Cap::kLease,        Cap::kLinuxImmutable,
                                    Cap::kNetBroadcast, Cap::kCheckpointRestore,
                                    Cap::kBlockSuspend};

// "CapEff has CAP_SYS_ADMIN"
Verdict Has(EvidenceOut out, std::string_view line, CapSet caps) {
  return Fail(out, "status", [&] { return std::string(line) + " has " + ToText(caps); });
}

// A fail for `found`, which the task holds; mild where it rules no more than an own user namespace,
// unknown where that cannot be told.
Verdict Holds(const TaskView& view, CapSet found, bool discount, EvidenceOut out) {
  const CapSet effective = found & view.task.status->effective;
  Verdict fail = effective.empty() ? Has(out, "CapPrm", found) : Has(out, "CapEff", effective);
  if (!discount) return fail;
  const Fact<bool> initial = InInitialUserNamespace(view.snapshot, view.task);
  if (!initial) return Unknown(out, LinkOf(NamespaceKind::kUser), initial.error());
  if (*initial) return fail;
  fail.price = kInOwnUserNamespace;
  fail.note = "in its own user namespace only";
  return fail;
}

// None of `unwanted` in the effective set, nor in the permitted one if `permitted` asks for it.
Verdict Without(const TaskView& view, CapSet unwanted, bool permitted, bool discount,
                EvidenceOut out) {
  const Fact<ProcStatus>& status = view.task.status;
  if (!status) return Unknown(out, "status", status.error());
  const CapSet held = permitted ? status->effective | status->permitted : status->effective;
  const CapSet found = KnownCaps(view.snapshot.host, held & unwanted);
  return found.empty() ? Pass() : Holds(view, found, discount, out);
}

Verdict WithoutCaps(const TaskView& view, CapSet unwanted, const Params& params, EvidenceOut out) {
  return Without(view, unwanted, params.Bool(kIncludePermitted), params.Bool(kUsernsDiscount), out);
}

Verdict WithoutList(const TaskView& view, const Params& params, EvidenceOut out) {
  return Without(view, params.Caps(kCaps), true, params.Bool(kUsernsDiscount), out);
}

Verdict NoSysAdmin(const TaskView& view, const Params& params, EvidenceOut out) {
  return WithoutCaps(view, {Cap::kSysAdmin}, params, out);
}

Verdict NoSysModule(const TaskView& view, const Params& params, EvidenceOut out) {
  return WithoutCaps(view, {Cap::kSysModule}, params, out);
}

Verdict NoSysRawio(const TaskView& view, const Params& params, EvidenceOut out) {
  return WithoutCaps(view, {Cap::kSysRawio}, params, out);
}

Verdict NoDacReadSearch(const TaskView& view, const Params& params, EvidenceOut out) {
  return WithoutCaps(view, {Cap::kDacReadSearch}, params, out);
}

Verdict NoSysPtrace(const TaskView& view, const Params& params, EvidenceOut out) {
  return WithoutCaps(view, {Cap::kSysPtrace}, params, out);
}

Verdict NoBpfOrPerfmon(const TaskView& view, const Params& params, EvidenceOut out) {
  return WithoutCaps(view, {Cap::kBpf, Cap::kPerfmon}, params, out);
}

Verdict NoNetAdmin(const TaskView& view, const Params& params, EvidenceOut out) {
  return WithoutCaps(view, {Cap::kNetAdmin}, params, out);
}

Verdict NoNetRaw(const TaskView& view, const Params& params, EvidenceOut out) {
  return WithoutCaps(view, {Cap::kNetRaw}, params, out);
}

Verdict NoMknod(const TaskView& view, const Params& params, EvidenceOut out) {
  return WithoutCaps(view, {Cap::kMknod}, params, out);
}

// The three lists below are the benchmark's: one rule serves them all.
constexpr ProcessCheck kNoHostAdministration = WithoutList;
constexpr ProcessCheck kNoPolicyOverride = WithoutList;
constexpr ProcessCheck kNoLimitOverride = WithoutList;

// Only what no other control names counts: capabilities newer than this table, and whatever a
// benchmark takes out of its default set.
Verdict WithinDefaultSet(const TaskView& view, const Params& params, EvidenceOut out) {
  const Fact<ProcStatus>& status = view.task.status;
  if (!status) return Unknown(out, "status", status.error());
  const CapSet expected = kNamedElsewhere | params.Caps(kOnlySet);
  const CapSet found =
      KnownCaps(view.snapshot.host, (status->effective | status->permitted) - expected);
  return found.empty() ? Pass() : Holds(view, found, false, out);
}

Verdict OnlyAllowedCaps(const TaskView& view, const Params& params, EvidenceOut out) {
  const Fact<ProcStatus>& status = view.task.status;
  if (!status) return Unknown(out, "status", status.error());
  // Ambient capabilities are always permitted ones, so a kernel without them hides nothing.
  const CapSet held = status->effective | status->permitted | status->ambient.value_or(CapSet());
  const CapSet found = KnownCaps(view.snapshot.host, held - params.Caps(kOnlySet));
  return found.empty() ? Pass() : Holds(view, found, false, out);
}

// What an exec of a set-id file could still raise. Permitted bits are other controls' findings.
Verdict BoundingSetLimited(const TaskView& view, const Params& params, EvidenceOut out) {
  const Fact<ProcStatus>& status = view.task.status;
  if (!status) return Unknown(out, "status", status.error());
  const CapSet expected = params.Caps(kOnlySet);
  const CapSet excess =
      KnownCaps(view.snapshot.host, status->bounding - (expected | status->permitted));
  if (excess.empty()) return Pass();
  const CapSet held = status->effective | status->permitted | status->inheritable |
                      status->ambient.value_or(CapSet());
  const bool modest = KnownCaps(view.snapshot.host, held).SubsetOf(expected);
  if (modest && status->no_new_privs == true) {
    return Pass("no_new_privs keeps the bounding set unused");
  }
  if (modest && !status->no_new_privs) return Unknown(out, "status", "no NoNewPrivs line");
  return Has(out, "CapBnd", excess);
}

Verdict NothingSurvivesExec(const TaskView& view, const Params& params, EvidenceOut out) {
  const Fact<ProcStatus>& status = view.task.status;
  if (!status) return Unknown(out, "status", status.error());
  const CapSet inheritable =
      KnownCaps(view.snapshot.host, status->inheritable - params.Caps(kAllowedInheritable));
  if (!inheritable.empty()) return Has(out, "CapInh", inheritable);
  const std::optional<CapSet> shown = status->ambient;
  if (!shown) return Unknown(out, "status", "no CapAmb line");
  const CapSet ambient = KnownCaps(view.snapshot.host, *shown - params.Caps(kAllowedAmbient));
  return ambient.empty() ? Pass() : Has(out, "CapAmb", ambient);
}

Verdict NonRootWithoutCaps(const TaskView& view, const Params& params, EvidenceOut out) {
  const Fact<ProcStatus>& status = view.task.status;
  if (!status) return Unknown(out, "status", status.error());
  const Fact<InsideIds> uid = UidsInside(view.snapshot, view.task);
  if (uid && uid->effective == 0U) return NotApplicable("runs as uid 0 of its user namespace");
  const CapSet found = KnownCaps(view.snapshot.host, status->effective - params.Caps(kOnlySet));
  if (found.empty()) return Pass();
  if (!uid) return UnknownIds(out, view.task, "uid_map", uid.error());
  return Has(out, "CapEff", found);
}

constexpr Check kChecks[] = {
    {.id = "CAP-001", .evaluate = NoSysAdmin, .params = kOneCap},
    {.id = "CAP-002", .evaluate = NoSysModule, .params = kOneCap},
    {.id = "CAP-003", .evaluate = NoSysRawio, .params = kOneCap},
    {.id = "CAP-004", .evaluate = NoDacReadSearch, .params = kOneCap},
    {.id = "CAP-005", .evaluate = NoSysPtrace, .params = kOneCap},
    {.id = "CAP-006", .evaluate = NoBpfOrPerfmon, .params = kOneCap},
    {.id = "CAP-007", .evaluate = NoNetAdmin, .params = kOneCap},
    {.id = "CAP-008", .evaluate = NoNetRaw, .params = kOneCap},
    {.id = "CAP-009", .evaluate = NoMknod, .params = kOneCap},
    {.id = "CAP-010", .evaluate = kNoHostAdministration, .params = kCapList},
    {.id = "CAP-011", .evaluate = kNoPolicyOverride, .params = kCapList},
    {.id = "CAP-012", .evaluate = kNoLimitOverride, .params = kCapList},
    {.id = "CAP-013", .evaluate = WithinDefaultSet, .params = kDefaultSet},
    {.id = "CAP-014", .evaluate = OnlyAllowedCaps, .params = kAllowed},
    {.id = "CAP-015", .evaluate = BoundingSetLimited, .params = kDefaultSet},
    {.id = "CAP-016", .evaluate = NothingSurvivesExec, .params = kAllowedSets},
    {.id = "CAP-017", .evaluate = NonRootWithoutCaps, .params = kAllowed},
};

}  // namespace

std::span<const Check> CapabilityChecks() { return kChecks; }

}  // namespace hullmark
