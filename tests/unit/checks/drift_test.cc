// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checks/table.h"
#include "hullmark/caps.h"
#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/checks/builder.h"

namespace hullmark::testing {
namespace {

using Lines = std::vector<std::string>;

const Params kAllParts =
    Of({Strings({"bounding", "permitted", "nnp", "seccomp", "filters", "lsm", "namespaces"})});

// Process 0 is the init, process 1 a second member that equals it.
class Drift : public ::testing::Test {
 protected:
  Drift() { scene_.AddProcess(); }

  Verdict Run(std::size_t process = 1) const {
    return Judge(PrivilegeChecks(), "PRV-004", scene_, kAllParts, nullptr, process);
  }
  Outcome RunPart(std::string_view part) const {
    return Judge(PrivilegeChecks(), "PRV-004", scene_, Of({Strings({std::string(part)})}), nullptr,
                 1)
        .outcome;
  }
  Lines Proof() const { return testing::Proof(PrivilegeChecks(), "PRV-004", scene_, kAllParts, 1); }
  ProcStatus& Init() { return scene_.status(0); }
  ProcStatus& Mine() { return scene_.status(1); }

  Scene scene_;
};

TEST_F(Drift, EqualProcessesPass) {
  EXPECT_EQ(Run(0), Verdict{.outcome = Outcome::kPass});
  EXPECT_EQ(Run(1), Verdict{.outcome = Outcome::kPass});
}

TEST_F(Drift, WithoutInitIsUnknown) {
  scene_.container().init.reset();
  EXPECT_EQ(Run(0).outcome, Outcome::kUnknown);
  EXPECT_EQ(Run(1).outcome, Outcome::kUnknown);
}

TEST_F(Drift, UnreadableStatusIsUnknown) {
  scene_.task(0).status = Missing(ErrorCode::kDenied, 13);
  EXPECT_EQ(Run(0).outcome, Outcome::kUnknown) << "an unreadable init is no measure for itself";
  EXPECT_EQ(Run(1).outcome, Outcome::kUnknown);
  std::vector<Evidence> evidence;
  Judge(PrivilegeChecks(), "PRV-004", scene_, kAllParts, &evidence, 1);
  EXPECT_EQ(evidence.at(0).pid, Pid{100}) << "init's status, not the member's";
}

TEST_F(Drift, UnreadableMemberIsUnknown) {
  scene_.task(1).status = Missing(ErrorCode::kDenied, 13);
  EXPECT_EQ(Run(1).outcome, Outcome::kUnknown);
}

TEST_F(Drift, InitPassesEvenOnOldKernels) {
  Init().no_new_privs = std::nullopt;
  Init().seccomp_filters = std::nullopt;
  EXPECT_EQ(Run(0).outcome, Outcome::kPass);
}

TEST_F(Drift, WiderBoundingSetFails) {
  Mine().bounding = {Cap::kSysAdmin};
  EXPECT_EQ(Run(), Verdict{.outcome = Outcome::kFail});
  EXPECT_EQ(Proof(), Lines{"status: CapBnd has CAP_SYS_ADMIN, init's CapBnd has not"});
  Init().bounding = {Cap::kSysAdmin, Cap::kChown};
  EXPECT_EQ(Run().outcome, Outcome::kPass);
}

TEST_F(Drift, PermittedIsComparedWithInitsBoundingSet) {
  Mine().permitted = {Cap::kChown};
  EXPECT_EQ(RunPart("permitted"), Outcome::kFail);
  Init().bounding = {Cap::kChown};
  EXPECT_EQ(RunPart("permitted"), Outcome::kPass) << "a root health check beside a service user";
}

TEST_F(Drift, CapabilitiesInsideANestedUserNamespaceAreNoGain) {
  scene_.UseMaps({{.inside = 0, .outside = 101000, .count = 1}}, {}, 1);
  Mine().bounding = Mine().permitted = CapSet::UpTo(40);
  EXPECT_EQ(Run().outcome, Outcome::kPass);
  scene_.member(1).joined = true;
  EXPECT_EQ(Run().outcome, Outcome::kFail) << "from outside: it may rule the container's parent";
  scene_.member(1).joined = false;
  scene_.UseHost(NamespaceKind::kUser, 1);
  EXPECT_EQ(RunPart("permitted"), Outcome::kFail);
}

TEST_F(Drift, CapabilitiesInAnUnreadableUserNamespaceAreUnknown) {
  Mine().permitted = {Cap::kChown};
  scene_.task(1).namespaces.Set(NamespaceKind::kUser, Missing(ErrorCode::kDenied, 13));
  EXPECT_EQ(RunPart("permitted"), Outcome::kUnknown);
}

TEST_F(Drift, LostNoNewPrivsFails) {
  Mine().no_new_privs = false;
  EXPECT_EQ(RunPart("nnp"), Outcome::kFail);
  Mine().no_new_privs = std::nullopt;
  EXPECT_EQ(RunPart("nnp"), Outcome::kUnknown);
  Init().no_new_privs = false;
  EXPECT_EQ(RunPart("nnp"), Outcome::kPass) << "nothing is weaker than off";
}

TEST_F(Drift, LostSeccompFails) {
  Mine().seccomp = SeccompMode::kOff;
  EXPECT_EQ(RunPart("seccomp"), Outcome::kFail);
  Init().seccomp = SeccompMode::kOff;
  EXPECT_EQ(RunPart("seccomp"), Outcome::kPass);
  Init().seccomp = Mine().seccomp = std::nullopt;
  EXPECT_EQ(RunPart("seccomp"), Outcome::kUnknown);
  scene_.snapshot.host.seccomp_filter_available = false;
  EXPECT_EQ(RunPart("seccomp"), Outcome::kPass);
}

TEST_F(Drift, FewerFiltersFail) {
  Init().seccomp_filters = 2;
  EXPECT_EQ(RunPart("filters"), Outcome::kFail);
  Mine().seccomp_filters = 3;
  EXPECT_EQ(RunPart("filters"), Outcome::kPass);
  Mine().seccomp_filters = std::nullopt;
  EXPECT_EQ(RunPart("filters"), Outcome::kUnknown);
  Init().seccomp = SeccompMode::kOff;
  EXPECT_EQ(RunPart("filters"), Outcome::kPass) << "an init without seccomp has no filters";
}

TEST_F(Drift, LooserLabelFails) {
  scene_.SetLabel(Label::Module::kAppArmor, "docker-default (complain)", 1);
  EXPECT_EQ(RunPart("lsm"), Outcome::kFail);
  scene_.SetLabel(Label::Module::kAppArmor, "unconfined", 1);
  EXPECT_EQ(RunPart("lsm"), Outcome::kFail);
  EXPECT_EQ(Proof(),
            Lines{"attr/current: label is unconfined, init's is docker-default (enforce)"});
  scene_.SetLabel(Label::Module::kAppArmor, "other (enforce)", 1);
  EXPECT_EQ(RunPart("lsm"), Outcome::kPass);
  scene_.SetLabel(Label::Module::kAppArmor, "unconfined", 0);
  EXPECT_EQ(RunPart("lsm"), Outcome::kPass);
}

TEST_F(Drift, LooserSelinuxTypeFails) {
  scene_.SetLabel(Label::Module::kSelinux, "u:r:container_init_t:s0", 0);
  scene_.SetLabel(Label::Module::kSelinux, "u:r:container_t:s0", 1);
  EXPECT_EQ(RunPart("lsm"), Outcome::kPass);
  scene_.SetLabel(Label::Module::kSelinux, "u:r:spc_t:s0", 1);
  EXPECT_EQ(RunPart("lsm"), Outcome::kFail);
}

TEST_F(Drift, LabelsWithoutOrderAreUnknown) {
  scene_.SetLabel(Label::Module::kSelinux, "u:r:container_t:s0", 1);
  EXPECT_EQ(RunPart("lsm"), Outcome::kUnknown) << "two modules";
  scene_.SetLabel(Label::Module::kAppArmor, "no mode", 1);
  EXPECT_EQ(RunPart("lsm"), Outcome::kUnknown);
  scene_.SetLabel(Label::Module::kOther, "floor", 0);
  scene_.SetLabel(Label::Module::kOther, "star", 1);
  EXPECT_EQ(RunPart("lsm"), Outcome::kUnknown);
  scene_.SetLabel(Label::Module::kOther, "floor", 1);
  EXPECT_EQ(RunPart("lsm"), Outcome::kPass);
  scene_.task(1).label = Missing(ErrorCode::kDenied, 13);
  EXPECT_EQ(RunPart("lsm"), Outcome::kUnknown);
}

TEST_F(Drift, WithoutLabelsThereIsNothingToCompare) {
  scene_.task(0).label = scene_.task(1).label = Missing(ErrorCode::kUnsupported, 22);
  EXPECT_EQ(RunPart("lsm"), Outcome::kPass);
  scene_.SetLabel(Label::Module::kAppArmor, "docker-default (enforce)", 0);
  EXPECT_EQ(RunPart("lsm"), Outcome::kUnknown);
}

TEST_F(Drift, HostNamespaceThatInitDoesNotShareFails) {
  for (std::size_t at = 0; at < kNamespaceKinds; ++at) {
    const auto kind = static_cast<NamespaceKind>(at);
    Scene fresh;
    fresh.AddProcess();
    scene_ = std::move(fresh);
    scene_.UseHost(kind, 1);
    EXPECT_EQ(RunPart("namespaces"), Outcome::kFail) << kNamespaceNames[at];
    scene_.UseHost(kind, 0);
    EXPECT_EQ(RunPart("namespaces"), Outcome::kPass) << kNamespaceNames[at];
  }
}

TEST_F(Drift, NestedNamespaceIsNoHostNamespace) {
  scene_.task(1).namespaces.Set(NamespaceKind::kNet, NamespaceInode{4026533333});
  EXPECT_EQ(RunPart("namespaces"), Outcome::kPass);
  scene_.snapshot.host.namespaces[static_cast<std::size_t>(NamespaceKind::kNet)] =
      Missing(ErrorCode::kDenied, 13);
  EXPECT_EQ(RunPart("namespaces"), Outcome::kUnknown);
}

TEST_F(Drift, UnreadableNamespaceIsUnknown) {
  scene_.task(1).namespaces.Set(NamespaceKind::kTime, Missing(ErrorCode::kNotFound, 2));
  EXPECT_EQ(RunPart("namespaces"), Outcome::kUnknown);
  scene_.snapshot.host.namespace_kinds = 0x7f;  // No time namespaces before Linux 5.6.
  EXPECT_EQ(RunPart("namespaces"), Outcome::kPass);
}

TEST_F(Drift, RootBesideAnotherInitIsANote) {
  scene_.SetIds({100000, 100000, 100000, 100000}, {}, 1);
  EXPECT_EQ(Run().outcome, Outcome::kPass);
  EXPECT_NE(Run().note, "");
  scene_.SetIds({100000, 100000, 100000, 100000}, {}, 0);
  EXPECT_EQ(Run().note, "");
}

TEST_F(Drift, FailBeatsUnknown) {
  Mine().no_new_privs = false;
  scene_.task(1).label = Missing(ErrorCode::kDenied, 13);
  EXPECT_EQ(Run().outcome, Outcome::kFail);
}

TEST_F(Drift, NeedsPartsThatExist) {
  EXPECT_EQ(RunPart("bouncing"), Outcome::kUnknown);
  EXPECT_EQ(Judge(PrivilegeChecks(), "PRV-004", scene_, Of({Strings({})}), nullptr, 1).outcome,
            Outcome::kNotApplicable);
}

}  // namespace
}  // namespace hullmark::testing
