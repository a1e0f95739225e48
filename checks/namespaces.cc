// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <optional>
#include <span>

#include "checks/sharing.h"
#include "checks/table.h"
#include "checks/verdicts.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

// A namespace of its own is one whose inode is not that of the host's initial one, see
// namespaces(7).

namespace hullmark {
namespace {

constexpr ParamSpec kRequireParam[] = {{"require", ParamType::kBool}};
constexpr std::size_t kRequire = 0;

constexpr ParamSpec kV1Param[] = {{"require_on_v1", ParamType::kBool}};
constexpr std::size_t kRequireOnV1 = 0;

constexpr ParamSpec kNetParams[] = {{"same_pod_ok", ParamType::kBool}};
constexpr std::size_t kNetSamePodOk = 0;

constexpr ParamSpec kSharingParams[] = {{"kinds", ParamType::kStrings, kNamespaceNames},
                                        {"report_only", ParamType::kStrings, kNamespaceNames},
                                        {"same_pod_ok", ParamType::kBool}};
constexpr std::size_t kKinds = 0;
constexpr std::size_t kReportOnly = 1;
constexpr std::size_t kSamePodOk = 2;

Verdict OwnNamespace(NamespaceKind kind, const TaskView& view, EvidenceOut out) {
  const Fact<NamespaceInode> own = view.task.namespaces[kind];
  const bool no_link = !own && own.error().code == ErrorCode::kNotFound;
  if (no_link && KernelLacks(view.snapshot.host, kind)) {
    return NotApplicable("this kernel has no such namespaces");
  }
  const Fact<bool> host = InHostNamespace(view.snapshot, view.task, kind);
  if (!host) return Unknown(out, LinkOf(kind), host.error());
  if (!*host) return Pass();
  return Fail(out, LinkOf(kind), [&] { return ToText(kind, *own) + " is the host's"; });
}

Verdict OwnPidNamespace(const TaskView& view, const Params&, EvidenceOut out) {
  return OwnNamespace(NamespaceKind::kPid, view, out);
}

Verdict OwnNetworkNamespace(const TaskView& view, const Params&, EvidenceOut out) {
  return OwnNamespace(NamespaceKind::kNet, view, out);
}

Verdict OwnIpcNamespace(const TaskView& view, const Params&, EvidenceOut out) {
  return OwnNamespace(NamespaceKind::kIpc, view, out);
}

Verdict OwnUtsNamespace(const TaskView& view, const Params&, EvidenceOut out) {
  return OwnNamespace(NamespaceKind::kUts, view, out);
}

Verdict OwnMountNamespace(const TaskView& view, const Params&, EvidenceOut out) {
  return OwnNamespace(NamespaceKind::kMnt, view, out);
}

Verdict OwnUserNamespace(const TaskView& view, const Params& params, EvidenceOut out) {
  if (!params.Bool(kRequire)) return NotApplicable("the benchmark asks for none");
  return OwnNamespace(NamespaceKind::kUser, view, out);
}

// Runtimes leave the cgroup namespace alone where every hierarchy is v1; a hybrid host is judged.
Verdict OwnCgroupNamespace(const TaskView& view, const Params& params, EvidenceOut out) {
  const Fact<CgroupLayout>& layout = view.snapshot.host.cgroup_layout;
  if (!params.Bool(kRequireOnV1) && layout && *layout == CgroupLayout::kV1) {
    return NotApplicable("not expected on cgroup v1");
  }
  const Verdict verdict = OwnNamespace(NamespaceKind::kCgroup, view, out);
  // A host whose layout is not known could be one where nothing is expected.
  const bool undecided = !layout && !params.Bool(kRequireOnV1);
  if (verdict.outcome != Outcome::kFail || !undecided) return verdict;
  return Unknown(out, "/proc/self/mountinfo", layout.error());
}

Verdict NetworkNotShared(const ContainerView& view, const Params& params, EvidenceOut out) {
  return Neighbours(view, params.Bool(kNetSamePodOk)).Judge(NamespaceKind::kNet, out);
}

// The worst over `kinds`.
Verdict JudgeAll(const Neighbours& neighbours, KindSet kinds, EvidenceOut out) {
  Verdict worst = NotApplicable("the benchmark asks for none");
  for (std::size_t at = 0; at < kNamespaceKinds; ++at) {
    const auto kind = static_cast<NamespaceKind>(at);
    if (kinds.Has(kind)) worst = Worse(worst, neighbours.Judge(kind, out));
  }
  return worst;
}

Verdict NothingElseShared(const ContainerView& view, const Params& params, EvidenceOut out) {
  const std::optional<KindSet> kinds = KindSet::OfNames(params.Strings(kKinds));
  const std::optional<KindSet> report_only = KindSet::OfNames(params.Strings(kReportOnly));
  if (!kinds || !report_only) return Unknown(out, "", "the benchmark names no kind of namespace");
  const Neighbours neighbours(view, params.Bool(kSamePodOk));
  const Verdict verdict = JudgeAll(neighbours, *kinds, out);
  if (verdict.outcome != Outcome::kPass) return verdict;
  const bool mention = JudgeAll(neighbours, *report_only, nullptr).outcome == Outcome::kFail;
  return Pass(mention ? "shares a user or cgroup namespace with another container" : "");
}

constexpr Check kChecks[] = {
    {.id = "NS-001", .evaluate = OwnPidNamespace, .params = {}},
    {.id = "NS-002", .evaluate = OwnNetworkNamespace, .params = {}},
    {.id = "NS-003", .evaluate = OwnIpcNamespace, .params = {}},
    {.id = "NS-004", .evaluate = OwnUtsNamespace, .params = {}},
    {.id = "NS-005", .evaluate = OwnMountNamespace, .params = {}},
    {.id = "NS-006", .evaluate = OwnUserNamespace, .params = kRequireParam},
    {.id = "NS-007", .evaluate = OwnCgroupNamespace, .params = kV1Param},
    {.id = "NS-009", .evaluate = NetworkNotShared, .params = kNetParams},
    {.id = "NS-010", .evaluate = NothingElseShared, .params = kSharingParams},
};

}  // namespace

std::span<const Check> NamespaceChecks() { return kChecks; }

}  // namespace hullmark
