// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checks/table.h"
#include "hullmark/caps.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/checks/builder.h"

namespace hullmark::testing {
namespace {

constexpr CapSet kDockerDefault = CapSet(0x00000000a80425fb);
constexpr CapSet kNone;
constexpr Price kInOwnUserNamespace = {.severity = Severity::kLow, .weight = 2};

const Params kStrict = Of({true, true});          // include_permitted, userns_discount
const Params kDefaultSet = Of({kDockerDefault});  // default_set
const Params kAllowed = Of({CapSet{Cap::kNetBindService}});
const Params kAllowedSets = Of({CapSet{Cap::kNetBindService}, kNone});

Verdict JudgeCap(std::string_view id, const Scene& scene, const Params& params,
                 EvidenceOut out = nullptr) {
  return Judge(CapabilityChecks(), id, scene, params, out);
}

std::vector<std::string> ProveCap(std::string_view id, const Scene& scene, const Params& params) {
  return Proof(CapabilityChecks(), id, scene, params);
}

using Lines = std::vector<std::string>;

// ---- CAP-001 to CAP-009: single capabilities ----

struct OneCap {
  std::string_view id;
  Cap cap;
  std::string_view name;
};

class SingleCap : public ::testing::TestWithParam<OneCap> {
 protected:
  Verdict Run(const Params& params = kStrict) { return JudgeCap(GetParam().id, scene_, params); }
  Scene scene_;
};

TEST_P(SingleCap, AbsentPasses) {
  EXPECT_EQ(Run(), Verdict{.outcome = Outcome::kPass});
  scene_.status().permitted = scene_.status().effective =
      CapSet::UpTo(40) - CapSet{GetParam().cap, Cap::kPerfmon, Cap::kBpf};
  EXPECT_EQ(Run().outcome, Outcome::kPass);
}

TEST_P(SingleCap, EffectiveFailsInTheInitialUserNamespace) {
  scene_.UseHost(NamespaceKind::kUser);
  scene_.status().permitted = scene_.status().effective = {GetParam().cap};
  EXPECT_EQ(Run(), Verdict{.outcome = Outcome::kFail});
  EXPECT_EQ(ProveCap(GetParam().id, scene_, kStrict),
            Lines{"status: CapEff has " + std::string(GetParam().name)});
}

TEST_P(SingleCap, PermittedCountsIfAsked) {
  scene_.UseHost(NamespaceKind::kUser);
  scene_.status().permitted = {GetParam().cap};
  EXPECT_EQ(Run(Of({true, true})).outcome, Outcome::kFail);
  EXPECT_EQ(Run(Of({false, true})).outcome, Outcome::kPass);
  EXPECT_EQ(ProveCap(GetParam().id, scene_, kStrict),
            Lines{"status: CapPrm has " + std::string(GetParam().name)});
}

TEST_P(SingleCap, IsMildInItsOwnUserNamespace) {
  scene_.status().effective = {GetParam().cap};
  const Verdict verdict = Run();
  EXPECT_EQ(verdict.outcome, Outcome::kFail);
  EXPECT_EQ(verdict.price, kInOwnUserNamespace);
  EXPECT_NE(verdict.note, "");
  EXPECT_EQ(Run(Of({true, false})), Verdict{.outcome = Outcome::kFail}) << "no discount asked";
}

TEST_P(SingleCap, IsUnknownWithoutTheUserNamespace) {
  scene_.status().effective = {GetParam().cap};
  scene_.task().namespaces.Set(NamespaceKind::kUser, Missing(ErrorCode::kDenied, 13));
  EXPECT_EQ(Run().outcome, Outcome::kUnknown);
  EXPECT_EQ(Run(Of({true, false})).outcome, Outcome::kFail) << "the price is not in question";
  scene_.status().effective = kNone;
  EXPECT_EQ(Run().outcome, Outcome::kPass) << "no namespace makes an absent bit a finding";
}

TEST_P(SingleCap, UnreadableStatusIsUnknown) {
  scene_.task().status = Missing(ErrorCode::kDenied, 13);
  std::vector<Evidence> evidence;
  EXPECT_EQ(JudgeCap(GetParam().id, scene_, kStrict, &evidence).outcome, Outcome::kUnknown);
  ASSERT_EQ(evidence.size(), 1U);
  EXPECT_EQ(evidence[0].source, "status");
  EXPECT_EQ(evidence[0].fact, NameOf(ErrorCode::kDenied));
  EXPECT_EQ(evidence[0].error_number, 13);
}

INSTANTIATE_TEST_SUITE_P(Catalogue, SingleCap,
                         ::testing::Values(OneCap{"CAP-001", Cap::kSysAdmin, "CAP_SYS_ADMIN"},
                                           OneCap{"CAP-002", Cap::kSysModule, "CAP_SYS_MODULE"},
                                           OneCap{"CAP-003", Cap::kSysRawio, "CAP_SYS_RAWIO"},
                                           OneCap{"CAP-004", Cap::kDacReadSearch,
                                                  "CAP_DAC_READ_SEARCH"},
                                           OneCap{"CAP-005", Cap::kSysPtrace, "CAP_SYS_PTRACE"},
                                           OneCap{"CAP-006", Cap::kBpf, "CAP_BPF"},
                                           OneCap{"CAP-006", Cap::kPerfmon, "CAP_PERFMON"},
                                           OneCap{"CAP-007", Cap::kNetAdmin, "CAP_NET_ADMIN"},
                                           OneCap{"CAP-008", Cap::kNetRaw, "CAP_NET_RAW"},
                                           OneCap{"CAP-009", Cap::kMknod, "CAP_MKNOD"}),
                         [](const auto& row) {
                           return std::string(row.param.id).replace(3, 1, "_") +
                                  std::string(row.param.name);
                         });

// ---- CAP-010 to CAP-012: lists of the benchmark ----

TEST(CapLists, JudgeTheBenchmarksList) {
  Scene scene;
  scene.UseHost(NamespaceKind::kUser);
  scene.status().effective = {Cap::kSysTime, Cap::kChown};
  const Params listed = Of({CapSet{Cap::kSysTime, Cap::kSysBoot}, true});
  const Params other = Of({CapSet{Cap::kMacAdmin}, true});
  for (const std::string_view id : {"CAP-010", "CAP-011", "CAP-012"}) {
    EXPECT_EQ(JudgeCap(id, scene, listed), Verdict{.outcome = Outcome::kFail}) << id;
    EXPECT_EQ(JudgeCap(id, scene, other).outcome, Outcome::kPass) << id;
    EXPECT_EQ(ProveCap(id, scene, listed), Lines{"status: CapEff has CAP_SYS_TIME"}) << id;
  }
}

TEST(CapLists, CountPermittedAndDiscountOwnUserNamespaces) {
  Scene scene;
  scene.status().permitted = {Cap::kSyslog};
  const Params listed = Of({CapSet{Cap::kSyslog}, true});
  EXPECT_EQ(JudgeCap("CAP-010", scene, listed).price, kInOwnUserNamespace);
  EXPECT_EQ(JudgeCap("CAP-010", scene, Of({CapSet{Cap::kSyslog}, false})).price, std::nullopt);
  scene.snapshot.vantage.initial_user_namespace = false;
  EXPECT_EQ(JudgeCap("CAP-010", scene, listed).outcome, Outcome::kUnknown);
}

TEST(CapLists, AreUnknownWithoutStatus) {
  Scene scene;
  scene.task().status = Missing(ErrorCode::kVanished);
  EXPECT_EQ(JudgeCap("CAP-011", scene, Of({CapSet{Cap::kMacAdmin}, true})).outcome,
            Outcome::kUnknown);
}

TEST(CapLists, IgnoreBitsThatTheKernelDoesNotKnow) {
  Scene scene;
  scene.UseHost(NamespaceKind::kUser);
  scene.status().effective = CapSet(~std::uint64_t{0});
  scene.snapshot.host.last_cap = 36;  // Linux 3.11: no AUDIT_READ yet.
  const Params audit_read = Of({CapSet{Cap::kAuditRead}, true});
  EXPECT_EQ(JudgeCap("CAP-011", scene, audit_read).outcome, Outcome::kPass);
  scene.snapshot.host.last_cap = Missing(ErrorCode::kDenied, 13);
  EXPECT_EQ(JudgeCap("CAP-011", scene, audit_read).outcome, Outcome::kFail);
}

// ---- CAP-013: what no other control names ----

TEST(WithinDefaultSet, LeavesNamedBitsToTheirControls) {
  Scene scene;
  scene.UseHost(NamespaceKind::kUser);
  scene.status().effective = CapSet::UpTo(40);
  EXPECT_EQ(JudgeCap("CAP-013", scene, kDefaultSet).outcome, Outcome::kPass);
}

TEST(WithinDefaultSet, FailsForBitsNewerThanTheTable) {
  Scene scene;
  scene.snapshot.host.last_cap = 41;
  scene.status().permitted = CapSet(std::uint64_t{1} << 41);
  EXPECT_EQ(JudgeCap("CAP-013", scene, kDefaultSet), Verdict{.outcome = Outcome::kFail});
  EXPECT_EQ(ProveCap("CAP-013", scene, kDefaultSet), Lines{"status: CapPrm has bit 41"});
}

TEST(WithinDefaultSet, FailsForWhatABenchmarkTakesOut) {
  Scene scene;
  scene.status().effective = {Cap::kChown};
  EXPECT_EQ(JudgeCap("CAP-013", scene, Of({CapSet{Cap::kKill}})).outcome, Outcome::kFail);
  EXPECT_EQ(JudgeCap("CAP-013", scene, Of({CapSet{Cap::kChown}})).outcome, Outcome::kPass);
}

TEST(WithinDefaultSet, IsUnknownWithoutStatus) {
  Scene scene;
  scene.task().status = Missing(ErrorCode::kMalformed);
  EXPECT_EQ(JudgeCap("CAP-013", scene, kDefaultSet).outcome, Outcome::kUnknown);
}

// ---- CAP-014 ----

TEST(OnlyAllowedCaps, JudgesEffectivePermittedAndAmbient) {
  Scene scene;
  EXPECT_EQ(JudgeCap("CAP-014", scene, kAllowed).outcome, Outcome::kPass);
  scene.status().effective = {Cap::kNetBindService};
  EXPECT_EQ(JudgeCap("CAP-014", scene, kAllowed).outcome, Outcome::kPass);
  for (const auto set : {&ProcStatus::effective, &ProcStatus::permitted}) {
    Scene other;
    other.status().*set = {Cap::kChown};
    EXPECT_EQ(JudgeCap("CAP-014", other, kAllowed), Verdict{.outcome = Outcome::kFail});
  }
  scene.status().ambient = CapSet{Cap::kChown};
  EXPECT_EQ(JudgeCap("CAP-014", scene, kAllowed).outcome, Outcome::kFail);
}

TEST(OnlyAllowedCaps, PassesOnKernelsWithoutAmbientSet) {
  Scene scene;
  scene.status().ambient = std::nullopt;
  EXPECT_EQ(JudgeCap("CAP-014", scene, kAllowed).outcome, Outcome::kPass);
  scene.task().status = Missing(ErrorCode::kDenied, 1);
  EXPECT_EQ(JudgeCap("CAP-014", scene, kAllowed).outcome, Outcome::kUnknown);
}

// ---- CAP-015 ----

TEST(BoundingSetLimited, PassesWithinTheDefaultSet) {
  Scene scene;
  scene.status().bounding = kDockerDefault;
  EXPECT_EQ(JudgeCap("CAP-015", scene, kDefaultSet), Verdict{.outcome = Outcome::kPass});
}

TEST(BoundingSetLimited, LeavesPermittedBitsToTheirControls) {
  Scene scene;
  scene.status().no_new_privs = false;
  scene.status().permitted = {Cap::kSysAdmin};
  scene.status().bounding = kDockerDefault | CapSet{Cap::kSysAdmin};
  EXPECT_EQ(JudgeCap("CAP-015", scene, kDefaultSet).outcome, Outcome::kPass);
  scene.status().permitted = kNone;
  EXPECT_EQ(JudgeCap("CAP-015", scene, kDefaultSet), Verdict{.outcome = Outcome::kFail});
  EXPECT_EQ(ProveCap("CAP-015", scene, kDefaultSet), Lines{"status: CapBnd has CAP_SYS_ADMIN"});
}

TEST(BoundingSetLimited, PassesWithANoteWhereNothingCanBeRaised) {
  Scene scene;
  scene.status().bounding = CapSet::UpTo(40);
  scene.status().no_new_privs = true;
  EXPECT_EQ(JudgeCap("CAP-015", scene, kDefaultSet).outcome, Outcome::kPass);
  EXPECT_NE(JudgeCap("CAP-015", scene, kDefaultSet).note, "");
  scene.status().inheritable = {Cap::kSysAdmin};
  EXPECT_EQ(JudgeCap("CAP-015", scene, kDefaultSet).outcome, Outcome::kFail);
}

TEST(BoundingSetLimited, IsUnknownWithoutTheNoNewPrivsLine) {
  Scene scene;
  scene.status().bounding = CapSet::UpTo(40);
  scene.status().no_new_privs = std::nullopt;
  EXPECT_EQ(JudgeCap("CAP-015", scene, kDefaultSet).outcome, Outcome::kUnknown);
  scene.status().inheritable = {Cap::kSysAdmin};
  EXPECT_EQ(JudgeCap("CAP-015", scene, kDefaultSet).outcome, Outcome::kFail)
      << "no_new_privs would not help it";
  scene.task().status = Missing(ErrorCode::kDenied, 13);
  EXPECT_EQ(JudgeCap("CAP-015", scene, kDefaultSet).outcome, Outcome::kUnknown);
}

// ---- CAP-016 ----

TEST(NothingSurvivesExec, AllowsWhatTheBenchmarkAllows) {
  Scene scene;
  EXPECT_EQ(JudgeCap("CAP-016", scene, kAllowedSets).outcome, Outcome::kPass);
  scene.status().ambient = CapSet{Cap::kNetBindService};
  EXPECT_EQ(JudgeCap("CAP-016", scene, kAllowedSets).outcome, Outcome::kPass);
  scene.status().inheritable = {Cap::kNetBindService};
  EXPECT_EQ(JudgeCap("CAP-016", scene, kAllowedSets).outcome, Outcome::kFail);
}

TEST(NothingSurvivesExec, NamesTheSet) {
  Scene scene;
  scene.status().ambient = CapSet{Cap::kChown};
  EXPECT_EQ(JudgeCap("CAP-016", scene, kAllowedSets), Verdict{.outcome = Outcome::kFail});
  EXPECT_EQ(ProveCap("CAP-016", scene, kAllowedSets), Lines{"status: CapAmb has CAP_CHOWN"});
  scene.status().inheritable = {Cap::kKill};
  EXPECT_EQ(ProveCap("CAP-016", scene, kAllowedSets), Lines{"status: CapInh has CAP_KILL"});
}

TEST(NothingSurvivesExec, IsUnknownWithoutTheAmbientLine) {
  Scene scene;
  scene.status().ambient = std::nullopt;
  EXPECT_EQ(JudgeCap("CAP-016", scene, kAllowedSets).outcome, Outcome::kUnknown);
  scene.status().inheritable = {Cap::kKill};
  EXPECT_EQ(JudgeCap("CAP-016", scene, kAllowedSets).outcome, Outcome::kFail);
}

// ---- CAP-017 ----

TEST(NonRootWithoutCaps, JudgesOnlyNonRoot) {
  Scene scene;
  EXPECT_EQ(JudgeCap("CAP-017", scene, kAllowed).outcome, Outcome::kPass);
  scene.status().effective = {Cap::kChown};
  EXPECT_EQ(JudgeCap("CAP-017", scene, kAllowed), Verdict{.outcome = Outcome::kFail});
  scene.SetIds({100000, 100000, 100000, 100000}, {});
  EXPECT_EQ(JudgeCap("CAP-017", scene, kAllowed).outcome, Outcome::kNotApplicable);
}

TEST(NonRootWithoutCaps, TranslatesTheEffectiveId) {
  Scene scene;
  scene.status().effective = {Cap::kChown};
  scene.SetIds({0, 0, 0, 0}, {});  // Root of the host is nobody in this namespace.
  EXPECT_EQ(JudgeCap("CAP-017", scene, kAllowed).outcome, Outcome::kFail);
  scene.UseHost(NamespaceKind::kUser);
  EXPECT_EQ(JudgeCap("CAP-017", scene, kAllowed).outcome, Outcome::kNotApplicable);
}

TEST(NonRootWithoutCaps, NeedsTheMapOnlyForAFinding) {
  Scene scene;
  scene.UseMaps(IdMap{}, IdMap{});
  scene.snapshot.user_namespaces.back().uid_map = Missing(ErrorCode::kDenied, 13);
  EXPECT_EQ(JudgeCap("CAP-017", scene, kAllowed).outcome, Outcome::kPass);
  scene.status().effective = {Cap::kChown};
  EXPECT_EQ(JudgeCap("CAP-017", scene, kAllowed).outcome, Outcome::kUnknown);
  EXPECT_EQ(ProveCap("CAP-017", scene, kAllowed),
            Lines{"uid_map: " + std::string(NameOf(ErrorCode::kDenied))});
  scene.task().namespaces.Set(NamespaceKind::kUser, Missing(ErrorCode::kDenied, 13));
  EXPECT_EQ(ProveCap("CAP-017", scene, kAllowed),
            Lines{"ns/user: " + std::string(NameOf(ErrorCode::kDenied))});
}

}  // namespace
}  // namespace hullmark::testing
