// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "checks/table.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/checks/builder.h"

namespace hullmark::testing {
namespace {

using Lines = std::vector<std::string>;

// ---- NS-001 to NS-007 ----

struct KindCase {
  std::string_view id;
  NamespaceKind kind;
  Params params;
  bool decided_by_inode;  // The catalogue lets a nested observer decide it.
};

class OwnNamespaces : public ::testing::TestWithParam<KindCase> {
 protected:
  Verdict Run() { return Judge(NamespaceChecks(), GetParam().id, scene_, GetParam().params); }
  std::size_t At() const { return static_cast<std::size_t>(GetParam().kind); }
  void SetLink(ErrorCode code) { scene_.task().namespaces.Set(GetParam().kind, Missing(code)); }
  Scene scene_;
};

TEST_P(OwnNamespaces, OwnPasses) { EXPECT_EQ(Run(), Verdict{.outcome = Outcome::kPass}); }

TEST_P(OwnNamespaces, HostsFails) {
  scene_.UseHost(GetParam().kind);
  EXPECT_EQ(Run(), Verdict{.outcome = Outcome::kFail});
  const std::string name(kNamespaceNames[At()]);
  const std::string inode = std::to_string(4026531832 + At());
  EXPECT_EQ(Proof(NamespaceChecks(), GetParam().id, scene_, GetParam().params),
            Lines{"ns/" + name + ": " + name + ":[" + inode + "] is the host's"});
}

TEST_P(OwnNamespaces, UnreadableLinkIsUnknown) {
  for (const ErrorCode code : {ErrorCode::kDenied, ErrorCode::kVanished, ErrorCode::kNotRead}) {
    SetLink(code);
    EXPECT_EQ(Run().outcome, Outcome::kUnknown);
  }
}

TEST_P(OwnNamespaces, UnreadableReferenceIsUnknown) {
  scene_.snapshot.host.namespaces[At()] = Missing(ErrorCode::kDenied, 13);
  EXPECT_EQ(Run().outcome, Outcome::kUnknown);
}

TEST_P(OwnNamespaces, MissingLinkIsNotApplicableOnlyIfTheKernelLacksTheKind) {
  SetLink(ErrorCode::kNotFound);
  EXPECT_EQ(Run().outcome, Outcome::kUnknown) << "a task that is half gone";
  scene_.snapshot.host.namespace_kinds = static_cast<std::uint8_t>(0xff & ~(1U << At()));
  EXPECT_EQ(Run().outcome, Outcome::kNotApplicable);
  scene_.snapshot.host.namespace_kinds = 0;
  EXPECT_EQ(Run().outcome, Outcome::kUnknown) << "nobody looked";
  SetLink(ErrorCode::kDenied);
  scene_.snapshot.host.namespace_kinds = 1;
  EXPECT_EQ(Run().outcome, Outcome::kUnknown);
}

TEST_P(OwnNamespaces, NestedObserverCannotTellTheHost) {
  for (const auto vantage : {&Vantage::initial_pid_namespace, &Vantage::initial_user_namespace}) {
    scene_.snapshot.vantage.*vantage = false;
    EXPECT_EQ(Run().outcome, Outcome::kUnknown);
    scene_.snapshot.host.namespaces[At()]->source = ReferenceSource::kConstant;
    EXPECT_EQ(Run().outcome, GetParam().decided_by_inode ? Outcome::kPass : Outcome::kUnknown);
    scene_.snapshot.host.namespaces[At()]->source = ReferenceSource::kPid1;
    scene_.snapshot.vantage.*vantage = true;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Catalogue, OwnNamespaces,
    ::testing::Values(KindCase{"NS-001", NamespaceKind::kPid, {}, false},
                      KindCase{"NS-002", NamespaceKind::kNet, {}, false},
                      KindCase{"NS-003", NamespaceKind::kIpc, {}, false},
                      KindCase{"NS-004", NamespaceKind::kUts, {}, false},
                      KindCase{"NS-005", NamespaceKind::kMnt, {}, true},
                      KindCase{"NS-006", NamespaceKind::kUser, Of({true}), false},
                      KindCase{"NS-007", NamespaceKind::kCgroup, Of({false}), true}),
    [](const auto& row) {
      return std::string(kNamespaceNames[static_cast<std::size_t>(row.param.kind)]);
    });

TEST(OwnUserNamespace, IsJudgedOnlyIfRequired) {
  Scene scene;
  scene.UseHost(NamespaceKind::kUser);
  EXPECT_EQ(Judge(NamespaceChecks(), "NS-006", scene, Of({true})).outcome, Outcome::kFail);
  EXPECT_EQ(Judge(NamespaceChecks(), "NS-006", scene, Of({false})).outcome,
            Outcome::kNotApplicable);
}

TEST(OwnCgroupNamespace, IsNotExpectedOnAPureV1Host) {
  Scene scene;
  scene.UseHost(NamespaceKind::kCgroup);
  const auto judge = [&](bool require_on_v1) {
    return Judge(NamespaceChecks(), "NS-007", scene, Of({require_on_v1})).outcome;
  };
  scene.snapshot.host.cgroup_layout = CgroupLayout::kV1;
  EXPECT_EQ(judge(false), Outcome::kNotApplicable);
  EXPECT_EQ(judge(true), Outcome::kFail);
  scene.snapshot.host.cgroup_layout = CgroupLayout::kHybrid;
  EXPECT_EQ(judge(false), Outcome::kFail);
  scene.snapshot.host.cgroup_layout = Missing(ErrorCode::kDenied, 13);
  EXPECT_EQ(judge(false), Outcome::kUnknown);
  EXPECT_EQ(judge(true), Outcome::kFail) << "the layout does not matter";
}

// ---- NS-009 ----

const Params kPodsShare = Of({true});
const Params kNobodyShares = Of({false});

Outcome JudgeNet(const Scene& scene, const Params& params = kPodsShare, std::size_t at = 0) {
  return Judge(NamespaceChecks(), "NS-009", scene, params, nullptr, at).outcome;
}

struct Two : Scene {
  Two() { AddContainer("db"); }
};

TEST(NetworkNotShared, OwnPasses) {
  EXPECT_EQ(JudgeNet(Scene()), Outcome::kPass);
  EXPECT_EQ(JudgeNet(Two()), Outcome::kPass);
}

TEST(NetworkNotShared, NeedsAViewOfAllProcesses) {
  Two scene;
  Vantage& vantage = scene.snapshot.vantage;
  vantage.hidepid = true;
  EXPECT_EQ(JudgeNet(scene), Outcome::kPass) << "whoever may trace sees them all the same";
  vantage.capabilities = {};
  EXPECT_EQ(JudgeNet(scene), Outcome::kUnknown);
  vantage.hidepid = false;
  EXPECT_EQ(JudgeNet(scene), Outcome::kPass);
  vantage.initial_pid_namespace = false;
  EXPECT_EQ(JudgeNet(scene), Outcome::kUnknown);
}

TEST(NetworkNotShared, SharedFailsForBoth) {
  Two scene;
  scene.Join(NamespaceKind::kNet, 1, 0);
  EXPECT_EQ(JudgeNet(scene, kPodsShare, 0), Outcome::kFail);
  EXPECT_EQ(JudgeNet(scene, kPodsShare, 1), Outcome::kFail);
  const Lines proof = Proof(NamespaceChecks(), "NS-009", scene, kPodsShare);
  ASSERT_EQ(proof.size(), 1U);
  EXPECT_TRUE(proof[0].starts_with("ns/net: net:[")) << proof[0];
  EXPECT_TRUE(proof[0].ends_with("is also that of container db")) << proof[0];
}

TEST(NetworkNotShared, EveryMemberCounts) {
  Two scene;
  const std::size_t second = scene.AddProcess(0, 0);
  scene.Join(NamespaceKind::kNet, second, 1);
  EXPECT_EQ(JudgeNet(scene, kPodsShare, 0), Outcome::kFail);
  EXPECT_EQ(JudgeNet(scene, kPodsShare, 1), Outcome::kFail) << "and the one it went to";
  std::vector<Evidence> evidence;
  Judge(NamespaceChecks(), "NS-009", scene, kPodsShare, &evidence);
  ASSERT_EQ(evidence.size(), 1U);
  EXPECT_EQ(evidence[0].pid, scene.process(second).pid);
}

TEST(NetworkNotShared, OneUnreadMemberCloudsItsOwnContainerOnly) {
  Two scene;
  const std::size_t second = scene.AddProcess(0, 0);
  scene.task(second).namespaces.Set(NamespaceKind::kNet, Missing(ErrorCode::kVanished));
  EXPECT_EQ(JudgeNet(scene, kPodsShare, 0), Outcome::kUnknown);
  EXPECT_EQ(JudgeNet(scene, kPodsShare, 1), Outcome::kPass);
}

TEST(NetworkNotShared, ServicesEnterNamespacesToSetThemUp) {
  Two scene;
  const std::size_t second = scene.AddProcess(0, 0);
  scene.Join(NamespaceKind::kNet, second, 1);
  scene.container(0).container_class = ContainerClass::kService;
  EXPECT_EQ(JudgeNet(scene, kPodsShare, 1), Outcome::kPass);
}

TEST(NetworkNotShared, HostsNamespaceIsNotShared) {
  Two scene;
  scene.UseHost(NamespaceKind::kNet, 0);
  scene.UseHost(NamespaceKind::kNet, 1);
  EXPECT_EQ(JudgeNet(scene), Outcome::kPass);
  scene.snapshot.host.namespaces[static_cast<std::size_t>(NamespaceKind::kNet)] =
      Missing(ErrorCode::kDenied, 13);
  EXPECT_EQ(JudgeNet(scene), Outcome::kUnknown) << "it may be the host's, or not";
}

TEST(NetworkNotShared, OnePodMayShare) {
  Two scene;
  scene.Join(NamespaceKind::kNet, 1, 0);
  scene.container(0).pod = scene.container(1).pod = scene.snapshot.strings.Intern("pod-a");
  EXPECT_EQ(JudgeNet(scene, kPodsShare), Outcome::kPass);
  EXPECT_EQ(JudgeNet(scene, kNobodyShares), Outcome::kFail);
  scene.container(1).pod = scene.snapshot.strings.Intern("pod-b");
  EXPECT_EQ(JudgeNet(scene, kPodsShare), Outcome::kFail);
  scene.container(1).pod = StringId{};
  EXPECT_EQ(JudgeNet(scene, kPodsShare), Outcome::kFail) << "a stranger in a pod's network";
}

TEST(NetworkNotShared, PauseContainerMakesAPod) {
  Two scene;
  scene.AddContainer("pause");
  scene.container(2).container_class = ContainerClass::kPause;
  scene.Join(NamespaceKind::kNet, 1, 0);
  EXPECT_EQ(JudgeNet(scene), Outcome::kFail) << "that pause container is elsewhere";
  scene.Join(NamespaceKind::kNet, 2, 0);
  EXPECT_EQ(JudgeNet(scene, kPodsShare, 0), Outcome::kPass);
  EXPECT_EQ(JudgeNet(scene, kPodsShare, 2), Outcome::kPass);
  EXPECT_EQ(JudgeNet(scene, kNobodyShares), Outcome::kFail);
}

TEST(NetworkNotShared, UnreadableLinksAreUnknown) {
  Two scene;
  scene.task(1).namespaces.Set(NamespaceKind::kNet, Missing(ErrorCode::kDenied, 13));
  EXPECT_EQ(JudgeNet(scene, kPodsShare, 0), Outcome::kUnknown) << "db may share it";
  EXPECT_EQ(JudgeNet(scene, kPodsShare, 1), Outcome::kUnknown);
  scene.container(0).pod = scene.container(1).pod = scene.snapshot.strings.Intern("pod-a");
  EXPECT_EQ(JudgeNet(scene, kPodsShare, 0), Outcome::kPass) << "then it may as well";
}

TEST(NetworkNotShared, ContainerWithoutProcessesIsUnknown) {
  Scene scene;
  scene.container().init.reset();
  EXPECT_EQ(JudgeNet(scene), Outcome::kPass) << "any member stands for it";
  scene.container().members.clear();
  EXPECT_EQ(JudgeNet(scene), Outcome::kUnknown);
}

TEST(NetworkNotShared, NestedContainersAreTheParentsOwn) {
  Two scene;
  scene.AddContainer("inner-inner");
  scene.container(1).parent = 0;
  scene.container(2).parent = 1;
  scene.Join(NamespaceKind::kNet, 2, 0);
  EXPECT_EQ(JudgeNet(scene, kPodsShare, 0), Outcome::kPass);
  EXPECT_EQ(JudgeNet(scene, kPodsShare, 2), Outcome::kFail) << "it is in its parent's network";
  scene.container(1).parent = 2;  // A cycle must not hang.
  EXPECT_EQ(JudgeNet(scene, kPodsShare, 0), Outcome::kFail);
}

// ---- NS-010 ----

const Params kCatalogue =
    Of({Strings({"pid", "mnt", "ipc", "uts"}), Strings({"user", "cgroup"}), true});

Verdict JudgeOthers(const Scene& scene, const Params& params = kCatalogue) {
  return Judge(NamespaceChecks(), "NS-010", scene, params);
}

TEST(NothingElseShared, EachKindOfTheListFails) {
  EXPECT_EQ(JudgeOthers(Two()), Verdict{.outcome = Outcome::kPass});
  for (const NamespaceKind kind :
       {NamespaceKind::kPid, NamespaceKind::kMnt, NamespaceKind::kIpc, NamespaceKind::kUts}) {
    Two scene;
    scene.Join(kind, 1, 0);
    EXPECT_EQ(JudgeOthers(scene), Verdict{.outcome = Outcome::kFail});
    scene.UseHost(kind, 0);
    scene.UseHost(kind, 1);
    EXPECT_EQ(JudgeOthers(scene).outcome, Outcome::kPass);
  }
}

TEST(NothingElseShared, OtherKindsAreMentionedAtMost) {
  Two scene;
  scene.Join(NamespaceKind::kNet, 1, 0);
  EXPECT_EQ(JudgeOthers(scene), Verdict{.outcome = Outcome::kPass}) << "NS-009's matter";
  scene.Join(NamespaceKind::kUser, 1, 0);
  EXPECT_EQ(JudgeOthers(scene).outcome, Outcome::kPass);
  EXPECT_NE(JudgeOthers(scene).note, "");
}

TEST(NothingElseShared, UnreadableKindIsUnknownUnlessAnotherFails) {
  Two scene;
  scene.task(0).namespaces.Set(NamespaceKind::kPid, Missing(ErrorCode::kDenied, 13));
  EXPECT_EQ(JudgeOthers(scene).outcome, Outcome::kUnknown);
  scene.Join(NamespaceKind::kIpc, 1, 0);
  EXPECT_EQ(JudgeOthers(scene).outcome, Outcome::kFail);
}

TEST(NothingElseShared, NeedsKindsThatExist) {
  const Two scene;
  EXPECT_EQ(JudgeOthers(scene, Of({Strings({"pdi"}), Strings({}), true})).outcome,
            Outcome::kUnknown);
  EXPECT_EQ(JudgeOthers(scene, Of({Strings({}), Strings({}), true})).outcome,
            Outcome::kNotApplicable);
}

}  // namespace
}  // namespace hullmark::testing
