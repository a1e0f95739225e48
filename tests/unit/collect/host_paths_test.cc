// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <vector>

#include "agent/base/file.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/collect/host_scene.h"

namespace hullmark {
namespace {

TEST_F(HostTest, PlacesHostPathsOnTheirFileSystems) {
  AddMount(2, "/@run", "/run", "tmpfs", {.major = 0, .minor = 25});
  MakeSocket("host/run/docker.sock");
  MakeSocket("host/run/user/1000/podman/podman.sock");
  MakeSocket("host/run/user/1001/podman/podman.sock");
  tree_.Write("host/run/plain.sock", "");
  tree_.MakeDirectory("host/var/lib/kubelet");
  tree_.Link("host/var/run", "/run");
  options_.host_paths = {"/run/docker.sock", "/run/user/*/podman/podman.sock",
                         "/var/lib/kubelet", "/run/absent.sock",
                         "/run/**/x.sock",   "/run/{plain,other}.sock"};
  const Host& host = Collected();
  ASSERT_EQ(host.paths.size(), 4U);
  EXPECT_EQ(host.looked_for,
            (std::vector<std::string>{"/run/docker.sock", "/run/user/*/podman/podman.sock",
                                      "/var/lib/kubelet", "/run/absent.sock",
                                      "/run/{plain,other}.sock"}));
  const HostPath* const docker = PathOf(host, "/run/docker.sock");
  ASSERT_NE(docker, nullptr);
  EXPECT_EQ(docker->device, (DeviceNumber{.major = 0, .minor = 25}));
  EXPECT_EQ(docker->root, "/@run/docker.sock");
  EXPECT_TRUE(docker->socket);
  EXPECT_EQ(docker->daemon, "");
  const HostPath* const podman = PathOf(host, "/run/user/1001/podman/podman.sock");
  ASSERT_NE(podman, nullptr);
  EXPECT_EQ(podman->pattern, "/run/user/*/podman/podman.sock");
  const HostPath* const kubelet = PathOf(host, "/var/lib/kubelet");
  ASSERT_NE(kubelet, nullptr);
  EXPECT_FALSE(kubelet->socket);
  EXPECT_EQ(kubelet->root, "/var/lib/kubelet");
  EXPECT_EQ(kubelet->device, (DeviceNumber{.major = 8, .minor = 1}));
}

TEST_F(HostTest, FollowsLinksOfRootOnlyAndWaitsForNoServer) {
  if (geteuid() != 0) GTEST_SKIP() << "needs files of two owners";
  AddMount(2, "/", "/net", "nfs4", {.major = 0, .minor = 40});
  MakeSocket("host/run/real.sock");
  MakeSocket("host/net/x.sock");
  tree_.Link("host/var/run", "../run");
  tree_.Link("host/user.sock", "/run/real.sock");
  ASSERT_EQ(lchown(tree_.Path("host/user.sock").c_str(), 1000, 1000), 0);
  tree_.Link("host/loop", "/loop");
  options_.host_paths = {"/var/run/real.sock", "/user.sock", "/net/x.sock", "/loop/x",
                         "/run/../run/real.sock"};
  const Host& host = Collected();
  ASSERT_EQ(host.paths.size(), 2U);
  EXPECT_EQ(host.paths[0].root, "/run/real.sock");
  EXPECT_EQ(host.paths[1].root, "/run/real.sock");
  // What could not be looked at was not looked for.
  EXPECT_EQ(host.looked_for,
            (std::vector<std::string>{"/var/run/real.sock", "/run/../run/real.sock"}));
}

// A path may be changed to a link while it is looked up; where one leads is told by the link
// itself.
TEST_F(HostTest, ALinkInsideAPathIsNotFollowedByTheKernel) {
  MakeSocket("host/run/real.sock");
  tree_.Link("host/way", "run");
  const Fd root = tree_.Open("host");
  constexpr std::chrono::milliseconds kPatience{1000};
  EXPECT_FALSE(LookUntrusted(root.get(), "/way/real.sock", kPatience));
  const auto link = LookUntrusted(root.get(), "/way", kPatience);
  ASSERT_TRUE(link);
  EXPECT_EQ(link->target, "run");
  EXPECT_FALSE(LookUntrusted(root.get(), "/run/../../proc", kPatience));
  EXPECT_TRUE(LookUntrusted(root.get(), "/run/real.sock", kPatience));
  EXPECT_TRUE(LookUntrusted(root.get(), "/", kPatience));
}

class GroupTest : public HostTest {
 protected:
  GroupTest() {
    MakeSocket("host/run/docker.sock");
    MakeSocket("host/run/other.sock");
    options_.host_paths = {"/run/docker.sock", "/run/other.sock"};
    tree_.Write("host/etc/group", "root:x:0:\ndocker:x:998:ann\nusers:x:998:\n");
  }
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs files of two groups";
    ASSERT_EQ(chown(tree_.Path("host/run/docker.sock").c_str(), 0, 998), 0);
    ASSERT_EQ(chown(tree_.Path("host/run/other.sock").c_str(), 0, 999), 0);
  }
  std::string DockersGroup() { return PathOf(Recollected(), "/run/docker.sock")->group; }
};

TEST_F(GroupTest, IsNamedByTheHostsFile) {
  EXPECT_EQ(DockersGroup(), "docker");
  EXPECT_EQ(PathOf(snapshot_.host, "/run/other.sock")->group, "");
}

TEST_F(GroupTest, IsNotNamedByAFileThatOthersMayWrite) {
  ASSERT_EQ(chmod(tree_.Path("host/etc/group").c_str(), 0666), 0);
  EXPECT_EQ(DockersGroup(), "");
  ASSERT_EQ(chmod(tree_.Path("host/etc/group").c_str(), 0644), 0);
  ASSERT_EQ(chown(tree_.Path("host/etc").c_str(), 1000, 0), 0);
  EXPECT_EQ(DockersGroup(), "");
}

TEST_F(GroupTest, IsNotNamedFromAUserNamespace) {
  snapshot_.vantage.initial_user_namespace = false;
  EXPECT_EQ(DockersGroup(), "");
}

TEST_F(HostTest, SaysNothingOfPathsWithoutTheHostsMounts) {
  MakeSocket("host/run/docker.sock");
  options_.host_paths = {"/run/docker.sock"};
  snapshot_.host.mounts = Missing(ErrorCode::kDenied, EACCES);
  const Host& host = Collected();
  EXPECT_TRUE(host.paths.empty());
  EXPECT_TRUE(host.looked_for.empty());
  EXPECT_EQ(host.core_program, Missing(ErrorCode::kDenied, EACCES));
}

TEST_F(HostTest, FindsTheCoreProgram) {
  tree_.Write("proc/sys/kernel/core_pattern", "|/lib/helper %P %u\n");
  tree_.Write("host/usr/lib/helper", "");
  tree_.Link("host/lib", "usr/lib");
  const Host& host = Collected();
  ASSERT_TRUE(host.core_program);
  EXPECT_EQ(host.core_program->path, "/lib/helper");
  EXPECT_EQ(host.core_program->root, "/usr/lib/helper");
}

}  // namespace
}  // namespace hullmark
