// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checks/labels.h"
#include "checks/table.h"
#include "hullmark/check.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/checks/builder.h"

namespace hullmark::testing {
namespace {

using Lines = std::vector<std::string>;
constexpr auto kAppArmor = Label::Module::kAppArmor;
constexpr auto kSelinux = Label::Module::kSelinux;

const Params kModes = Of({Strings({"enforce", "kill"}), Strings({})});
const Params kTypes =
    Of({Strings({"container_t", "container_init_t"}), Strings({"spc_t", "unconfined_t"})});

Verdict JudgeAppArmor(const Scene& scene, const Params& params = kModes) {
  return Judge(LsmChecks(), "LSM-001", scene, params);
}

// ---- LSM-001 ----

struct LabelCase {
  std::string_view text;
  Outcome outcome;
};

class AppArmorLabels : public ::testing::TestWithParam<LabelCase> {};

TEST_P(AppArmorLabels, AreJudgedByConfinementAndMode) {
  Scene scene;
  scene.SetLabel(kAppArmor, GetParam().text);
  EXPECT_EQ(JudgeAppArmor(scene).outcome, GetParam().outcome) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Kernel, AppArmorLabels,
    ::testing::Values(
        LabelCase{"docker-default (enforce)", Outcome::kPass},
        LabelCase{"strict (kill)", Outcome::kPass},
        LabelCase{"docker-default (complain)", Outcome::kFail},
        LabelCase{"docker-default (prompt)", Outcome::kFail},
        LabelCase{"docker-default//&other (mixed)", Outcome::kFail},
        LabelCase{"chrome (unconfined)", Outcome::kFail}, LabelCase{"unconfined", Outcome::kFail},
        LabelCase{"unconfined (enforce)", Outcome::kFail},
        LabelCase{"my (weird) profile (enforce)", Outcome::kPass},
        LabelCase{"my (enforce) profile (complain)", Outcome::kFail},
        LabelCase{"docker-default//child (enforce)", Outcome::kPass},
        LabelCase{"docker-default//unconfined (enforce)", Outcome::kPass},
        LabelCase{"lxd-a//&:lxd-a-ns:unconfined (enforce)", Outcome::kPass},
        LabelCase{"unconfined//&:ns:docker-default (enforce)", Outcome::kPass},
        LabelCase{"unconfined//&:ns:unconfined (enforce)", Outcome::kFail},
        LabelCase{"unconfined//&:ns://unconfined (enforce)", Outcome::kFail},
        LabelCase{":ns://docker-default (enforce)", Outcome::kPass},
        LabelCase{":ns (enforce)", Outcome::kFail}, LabelCase{"docker-default", Outcome::kUnknown},
        LabelCase{"docker-default ()", Outcome::kUnknown},
        LabelCase{" (enforce)", Outcome::kUnknown}, LabelCase{"", Outcome::kUnknown}));

TEST(AppArmor, MayAskForCertainProfiles) {
  Scene scene;
  const Params only = Of({Strings({"enforce"}), Strings({"docker-default"})});
  EXPECT_EQ(JudgeAppArmor(scene, only).outcome, Outcome::kPass);
  scene.SetLabel(kAppArmor, "other (enforce)");
  EXPECT_EQ(JudgeAppArmor(scene, only).outcome, Outcome::kFail);
  scene.SetLabel(kAppArmor, "other//&docker-default (enforce)");
  EXPECT_EQ(JudgeAppArmor(scene, only).outcome, Outcome::kPass);
}

TEST(AppArmor, ProofShowsTheLabelCutShort) {
  Scene scene;
  scene.SetLabel(kAppArmor, "docker-default (complain)");
  EXPECT_EQ(Proof(LsmChecks(), "LSM-001", scene, kModes),
            Lines{"attr/apparmor/current: label is docker-default (complain)"});
  scene.SetLabel(kAppArmor, std::string(4000, 'x') + " (complain)");
  EXPECT_LT(Proof(LsmChecks(), "LSM-001", scene, kModes).at(0).size(), 200U);
}

TEST(AppArmor, IsNotApplicableWithoutTheModule) {
  Scene scene;
  scene.SetLabel(kAppArmor, "unconfined");
  scene.snapshot.host.apparmor_enabled = false;
  EXPECT_EQ(JudgeAppArmor(scene).outcome, Outcome::kNotApplicable);
  scene.snapshot.host.apparmor_enabled = true;
  scene.task().label = Missing(ErrorCode::kUnsupported, 22);
  EXPECT_EQ(JudgeAppArmor(scene).outcome, Outcome::kNotApplicable);
}

TEST(AppArmor, UnreadableLabelIsUnknown) {
  Scene scene;
  scene.task().label = Missing(ErrorCode::kDenied, 13);
  EXPECT_EQ(JudgeAppArmor(scene).outcome, Outcome::kUnknown);
  EXPECT_EQ(Proof(LsmChecks(), "LSM-001", scene, kModes),
            Lines{"attr/apparmor/current: " + std::string(NameOf(ErrorCode::kDenied))});
  scene.snapshot.host.apparmor_enabled = false;
  EXPECT_EQ(JudgeAppArmor(scene).outcome, Outcome::kNotApplicable) << "no label could matter";
}

TEST(AppArmor, IgnoresTheLabelOfAnotherModule) {
  Scene scene;
  scene.SetLabel(kSelinux, "system_u:system_r:container_t:s0");
  EXPECT_EQ(JudgeAppArmor(scene).outcome, Outcome::kUnknown) << "enabled, but not shown";
  scene.snapshot.host.apparmor_enabled = Missing(ErrorCode::kNotFound, 2);
  scene.snapshot.host.lsm = Lines{"capability", "selinux"};
  EXPECT_EQ(JudgeAppArmor(scene).outcome, Outcome::kNotApplicable);
  scene.snapshot.host.lsm = Missing(ErrorCode::kNotFound, 2);
  EXPECT_EQ(JudgeAppArmor(scene).outcome, Outcome::kUnknown) << "securityfs is not mounted";
}

// ---- LSM-002 ----

Scene SelinuxScene(std::string_view context) {
  Scene scene;
  scene.snapshot.host.lsm = Lines{"capability", "selinux"};
  scene.snapshot.host.apparmor_enabled = false;
  scene.snapshot.host.selinux_enforcing = true;
  scene.SetLabel(kSelinux, context);
  return scene;
}

Verdict JudgeSelinux(const Scene& scene) { return Judge(LsmChecks(), "LSM-002", scene, kTypes); }

TEST(Selinux, AcceptedTypePassesWithANote) {
  const Scene scene = SelinuxScene("system_u:system_r:container_t:s0:c123,c456");
  EXPECT_EQ(JudgeSelinux(scene).outcome, Outcome::kPass);
  EXPECT_NE(JudgeSelinux(scene).note, "") << "a permissive domain cannot be seen";
}

TEST(Selinux, OtherTypesFail) {
  EXPECT_EQ(JudgeSelinux(SelinuxScene("u:r:spc_t:s0")), Verdict{.outcome = Outcome::kFail});
  EXPECT_EQ(JudgeSelinux(SelinuxScene("u:r:mine_t:s0")).outcome, Outcome::kFail);
  EXPECT_EQ(JudgeSelinux(SelinuxScene("u:container_t:spc_t:s0:container_t")).outcome,
            Outcome::kFail)
      << "only the third field is the type";
  EXPECT_EQ(Proof(LsmChecks(), "LSM-002", SelinuxScene("u:r:spc_t:s0"), kTypes),
            Lines{"attr/current: label is u:r:spc_t:s0"});
}

TEST(Selinux, PermissiveModeFails) {
  Scene scene = SelinuxScene("u:r:container_t:s0");
  scene.snapshot.host.selinux_enforcing = false;
  EXPECT_EQ(JudgeSelinux(scene).outcome, Outcome::kFail);
  EXPECT_EQ(Proof(LsmChecks(), "LSM-002", scene, kTypes),
            Lines{"/sys/fs/selinux/enforce: enforce is 0"});
}

TEST(Selinux, UnreadableFactsAreUnknown) {
  Scene scene = SelinuxScene("u:r:container_t:s0");
  scene.snapshot.host.selinux_enforcing = Missing(ErrorCode::kNotFound, 2);
  EXPECT_EQ(JudgeSelinux(scene).outcome, Outcome::kUnknown);
  scene.SetLabel(kSelinux, "u:r:spc_t:s0");
  EXPECT_EQ(JudgeSelinux(scene).outcome, Outcome::kFail) << "enforcing or not";
  scene.SetLabel(kSelinux, "no context");
  EXPECT_EQ(JudgeSelinux(scene).outcome, Outcome::kUnknown);
  scene.task().label = Missing(ErrorCode::kDenied, 13);
  EXPECT_EQ(JudgeSelinux(scene).outcome, Outcome::kUnknown);
}

TEST(Selinux, IsNotApplicableWithoutTheModule) {
  Scene scene;  // An AppArmor host.
  EXPECT_EQ(JudgeSelinux(scene).outcome, Outcome::kNotApplicable);
  scene.snapshot.host.lsm = Missing(ErrorCode::kNotFound, 2);
  EXPECT_EQ(JudgeSelinux(scene).outcome, Outcome::kUnknown);
  scene.task().label = Missing(ErrorCode::kUnsupported, 22);
  EXPECT_EQ(JudgeSelinux(scene).outcome, Outcome::kNotApplicable);
}

// ---- the parts of a label ----

TEST(Labels, AppArmorModeIsTheLastWord) {
  const std::optional<AppArmorLabel> label = ParseAppArmor("a (b) c (enforce)");
  ASSERT_TRUE(label);
  EXPECT_EQ(label->profiles, "a (b) c");
  EXPECT_EQ(label->mode, "enforce");
}

TEST(Labels, StacksFallApartAtTheirSeparator) {
  std::string_view stack = "a//b//&:ns:c//&";
  EXPECT_EQ(NextProfile(stack), "a//b");
  EXPECT_EQ(NextProfile(stack), ":ns:c");
  EXPECT_EQ(stack, "");
}

TEST(Labels, SelinuxTypeIsTheThirdField) {
  EXPECT_EQ(SelinuxType("u:r:t:s0:c1,c2"), "t");
  EXPECT_EQ(SelinuxType("u:r:t"), "t");
  EXPECT_EQ(SelinuxType("u:r"), std::nullopt);
  EXPECT_EQ(SelinuxType("u:r::s0"), std::nullopt);
}

}  // namespace
}  // namespace hullmark::testing
