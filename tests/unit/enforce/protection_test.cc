// SPDX-License-Identifier: Apache-2.0
#include "agent/enforce/protection.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>

#include "agent/config/config.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/selector.h"
#include "hullmark/snapshot.h"
#include "tests/unit/enforce/scene.h"

namespace hullmark {
namespace {

class ProtectionTest : public testing::Test {
 protected:
  std::string WhyNot(std::uint32_t container = 0) const {
    return Protection(scene_.world.snapshot, scene_.infrastructure, Scene::kSelf).WhyNot(container);
  }

  Container& First() { return scene_.world.snapshot.containers.front(); }

  Scene scene_;
  std::uint32_t web_ = scene_.AddContainer("web");
};

TEST_F(ProtectionTest, AContainerOfItsOwnMayBeActedUpon) {
  scene_.AddContainer("db");
  scene_.AddStranger("/system.slice/docker.service", "/usr/bin/dockerd");
  scene_.AddStranger("/");
  EXPECT_EQ(WhyNot(), "");
}

TEST_F(ProtectionTest, ProcessesOfOthersInItsCgroupProtectIt) {
  scene_.AddStranger("/docker/web", "/usr/bin/conmon");
  EXPECT_EQ(WhyNot(), "its cgroup /docker/web holds processes of others");
}

TEST_F(ProtectionTest, WhatEndsDuringTheLookIsNobodyToProtect) {
  const ProcessIndex fork = scene_.AddStranger("/docker/web");
  scene_.At(fork).leader.namespaces.Set(NamespaceKind::kPid, Missing(ErrorCode::kVanished));
  EXPECT_EQ(WhyNot(), "");
  scene_.At(fork).leader.namespaces.Set(NamespaceKind::kPid, Missing(ErrorCode::kDenied));
  EXPECT_NE(WhyNot(), "");
}

TEST_F(ProtectionTest, ProcessesOfOthersBelowItsCgroupProtectIt) {
  scene_.AddStranger("/docker/web/a/b");
  EXPECT_EQ(WhyNot(), "its cgroup /docker/web holds processes of others");
}

TEST_F(ProtectionTest, AContainerInsideOfItIsItsOwn) {
  const std::uint32_t inner = scene_.AddContainer("web/inner");
  scene_.world.snapshot.containers[inner].parent = web_;
  EXPECT_EQ(WhyNot(web_), "");
  EXPECT_EQ(WhyNot(inner), "");
  scene_.world.snapshot.containers[inner].parent.reset();
  EXPECT_NE(WhyNot(web_), "");
}

TEST_F(ProtectionTest, OurOwnContainerIsLeftAlone) {
  scene_.At(ProcessIndex{0}).pid = Scene::kSelf;
  EXPECT_EQ(WhyNot(), "it has pid 7");
}

TEST_F(ProtectionTest, Pid1IsLeftAlone) {
  scene_.At(ProcessIndex{0}).pid = Pid{1};
  EXPECT_EQ(WhyNot(), "it has pid 1");
}

TEST_F(ProtectionTest, PauseIsLeftAlone) {
  First().container_class = ContainerClass::kPause;
  EXPECT_EQ(WhyNot(), "it is of class pause");
}

TEST_F(ProtectionTest, WhatANodeCannotDoWithoutIsLeftAlone) {
  const ProcessIndex second = scene_.AddProcess(web_);
  scene_.At(second).oom_score_adj = std::int16_t{-996};
  EXPECT_EQ(WhyNot(), "");
  scene_.At(second).oom_score_adj = std::int16_t{-997};
  EXPECT_EQ(WhyNot(), "pid 101 has an oom_score_adj of -997 or less");
  scene_.At(second).oom_score_adj = Missing(ErrorCode::kDenied);
  EXPECT_EQ(WhyNot(), "pid 101 does not tell its oom_score_adj");
}

TEST_F(ProtectionTest, InfrastructureIsWhatRootCallsSo) {
  Snapshot& snapshot = scene_.world.snapshot;
  scene_.infrastructure = {.name_space = {Glob("kube-system")}};
  First().kubernetes = KubernetesClaims{.name_space = snapshot.strings.Intern("kube-system")};
  First().claims = Claims{.trust = Trust::kRoot};
  EXPECT_EQ(WhyNot(), "it is infrastructure");
  First().claims->trust = Trust::kUser;
  First().claims->owner = Uid{1000};
  EXPECT_EQ(WhyNot(), "") << "a user's claim exempts nobody";
}

TEST_F(ProtectionTest, WhoClaimsNothingIsNoInfrastructure) {
  scene_.infrastructure = Config{}.infrastructure;
  ASSERT_FALSE(IsEmpty(scene_.infrastructure));
  First().claims.reset();
  First().kubernetes.reset();
  EXPECT_EQ(WhyNot(), "");
  First().kubernetes = KubernetesClaims{};  // A pod of its cgroup, of no namespace that is known.
  EXPECT_EQ(WhyNot(), "");
  scene_.infrastructure.name_space = {Glob("*")};
  EXPECT_EQ(WhyNot(), "");
}

TEST_F(ProtectionTest, ASandboxOfAUserMayCallItsProgramAsItLikes) {
  First().container_class = ContainerClass::kSandbox;
  scene_.world.snapshot.host.namespaces[std::to_underlying(NamespaceKind::kUser)] =
      ReferenceNamespace{.inode = NamespaceInode{1}};
  auto& own = scene_.At(ProcessIndex{0}).leader.namespaces;
  scene_.Executes(ProcessIndex{0}, "/usr/sbin/sshd");
  own.Set(NamespaceKind::kUser, NamespaceInode{1});
  EXPECT_EQ(WhyNot(), "pid 100 is one that the host is lost without");
  own.Set(NamespaceKind::kUser, Missing(ErrorCode::kDenied));
  EXPECT_EQ(WhyNot(), "pid 100 is one that the host is lost without");
  own.Set(NamespaceKind::kUser, NamespaceInode{2});
  EXPECT_EQ(WhyNot(), "");
}

TEST_F(ProtectionTest, WhatAContainerCallsItsProgramExemptsNobody) {
  scene_.Executes(ProcessIndex{0}, "/usr/bin/containerd-shim-runc-v2");
  EXPECT_EQ(WhyNot(), "");
  First().container_class = ContainerClass::kService;
  EXPECT_EQ(WhyNot(), "pid 100 is one that the host is lost without");
}

TEST_F(ProtectionTest, ServicesThatAHostIsLostWithoutAreLeftAlone) {
  First().container_class = ContainerClass::kService;
  EXPECT_EQ(WhyNot(), "pid 100 does not tell what it runs");
  for (const auto* program : {"/usr/sbin/sshd", "/lib/systemd/systemd-journald", "/usr/bin/kubelet",
                              "/usr/bin/dockerd (deleted)", "/usr/lib/systemd/systemd"}) {
    scene_.Executes(ProcessIndex{0}, program);
    EXPECT_EQ(WhyNot(), "pid 100 is one that the host is lost without") << program;
  }
  scene_.Executes(ProcessIndex{0}, "/usr/sbin/nginx");
  EXPECT_EQ(WhyNot(), "");
}

TEST_F(ProtectionTest, NobodyIsActedUponFromAPoorVantage) {
  scene_.world.snapshot.vantage.initial_pid_namespace = false;
  EXPECT_EQ(WhyNot(), "not the whole host is seen from here");
}

}  // namespace
}  // namespace hullmark
