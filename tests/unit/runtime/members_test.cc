// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "hullmark/snapshot.h"
#include "tests/unit/runtime/world.h"

namespace hullmark {
namespace {

using Pids = std::vector<int>;

class Members : public testing::Test {
 protected:
  Members() {
    world_.Add({.pid = 50, .cgroup = "/system.slice/containerd.service"});
    world_.Add(World::Isolated(100, 50, 1, cgroup_));
  }

  Spec Inside(int pid, int parent) {
    auto spec = World::Isolated(pid, parent, 1, cgroup_);
    spec.number = pid;
    return spec;
  }

  const std::string cgroup_ = "/docker/" + Id('a');
  World world_;
};

TEST_F(Members, AnExecJoinsWithItsDescendants) {
  world_.Add(Inside(200, 50));
  world_.Add(Inside(201, 200));
  world_.Add(Inside(202, 100));
  world_.Attribute();
  EXPECT_EQ(world_.PidsOf(*world_.ContainerOf(100)), (Pids{100, 200, 201, 202}));
  EXPECT_EQ(world_.InitOf(*world_.ContainerOf(100)), 100);
  EXPECT_TRUE(world_.MemberOf(200)->joined);
  EXPECT_TRUE(world_.MemberOf(201)->joined);
  EXPECT_FALSE(world_.MemberOf(202)->joined);
  EXPECT_FALSE(world_.MemberOf(100)->joined);
}

TEST_F(Members, EnteringWithoutTheCgroup) {
  auto spec = Inside(200, 1);
  spec.cgroup = "/user.slice/session-1.scope";
  world_.Add(spec);
  world_.Attribute();
  ASSERT_EQ(world_.ContainerOf(200), world_.ContainerOf(100));
  EXPECT_TRUE(world_.MemberOf(200)->joined);
  EXPECT_TRUE(world_.MemberOf(200)->outside_cgroup);
  EXPECT_EQ(world_.CgroupOf(*world_.ContainerOf(100)), cgroup_);
}

// Of age before the container: still not its init.
TEST_F(Members, AnOldProcessThatEnteredIsNotTheInit) {
  auto spec = Inside(60, 1);
  spec.cgroup = "/elsewhere";
  world_.Add(spec);
  world_.Attribute();
  EXPECT_EQ(world_.InitOf(*world_.ContainerOf(60)), 100);
}

TEST_F(Members, AnEscapedProcessStaysTheContainers) {
  world_.Add({.pid = 200, .parent = 100, .cgroup = cgroup_});        // All namespaces the host's.
  world_.Add({.pid = 210, .parent = 200, .cgroup = "/user.slice"});  // And the cgroup.
  world_.Attribute();
  EXPECT_EQ(world_.PidsOf(*world_.ContainerOf(100)), (Pids{100, 200, 210}));
  EXPECT_FALSE(world_.MemberOf(200)->joined);
  EXPECT_FALSE(world_.MemberOf(200)->outside_cgroup);
  EXPECT_TRUE(world_.MemberOf(210)->outside_cgroup);
}

TEST_F(Members, InTheCgroupWithOneOfItsNamespaces) {
  world_.Add({.pid = 200, .parent = 1, .cgroup = cgroup_, .net = 1});
  world_.Add({.pid = 210, .parent = 1, .cgroup = cgroup_});
  world_.Attribute();
  ASSERT_NE(world_.MemberOf(200), nullptr);
  EXPECT_TRUE(world_.MemberOf(200)->joined);
  EXPECT_EQ(world_.ContainerOf(210), nullptr);
}

TEST_F(Members, UnreadableInTheCgroup) {
  world_.Add({.pid = 200, .parent = 1, .cgroup = cgroup_}).leader.namespaces = Namespaces();
  world_.Attribute();
  EXPECT_EQ(world_.ContainerOf(200), world_.ContainerOf(100));
  EXPECT_EQ(world_.snapshot.counts.unattributed, 0U);
}

// exec of unshare(1): a mount namespace of its own with the container's root.
TEST_F(Members, AMountNamespaceInsideOfTheContainer) {
  world_.Root(2, 1001);
  auto spec = Inside(200, 50);
  spec.mnt = 2;
  world_.Add(spec);
  world_.Attribute();
  EXPECT_EQ(world_.ContainerOf(200), world_.ContainerOf(100));
  EXPECT_TRUE(world_.MemberOf(200)->joined);
  EXPECT_EQ(world_.snapshot.containers.size(), 2U);  // And containerd's service.
}

// Out of the container's directory in one hierarchy is out of reach of its limits there.
TEST(MembersOfV1, OutsideInAnyHierarchy) {
  World world(World::Layout::kHybrid);
  const std::string own = "/docker/" + Id('a');
  const std::map<std::string, std::string> both = {
      {"pids", own}, {"memory", own}, {"name=systemd", own}};
  for (const int pid : {100, 101, 102}) {
    auto spec = World::Isolated(pid, pid == 100 ? 1 : 100, 1, "/");
    spec.number = pid - 99;
    world.Add(spec);
    world.Place(pid, both);
  }
  world.Place(101, {{"pids", own}, {"memory", "/free"}, {"name=systemd", own}});
  world.Place(102, {{"pids", own + "/sub"}, {"memory", own}, {"name=systemd", own}});
  world.Attribute();
  ASSERT_NE(world.ContainerOf(100), nullptr);
  EXPECT_EQ(world.CgroupOf(*world.ContainerOf(100)), own);
  EXPECT_FALSE(world.MemberOf(100)->outside_cgroup);
  EXPECT_TRUE(world.MemberOf(101)->outside_cgroup);
  EXPECT_FALSE(world.MemberOf(102)->outside_cgroup);
}

TEST_F(Members, KernelThreadsAreNobodys) {
  auto spec = Inside(200, 100);
  world_.Add(spec).stat.flags = ProcStat::kKernelThread;
  world_.Attribute();
  EXPECT_EQ(world_.ContainerOf(200), nullptr);
}

// A number that was used again: the "parent" is younger than its child.
TEST_F(Members, AParentIsOlderThanItsChild) {
  world_.Add({.pid = 300, .parent = 1, .cgroup = "/x", .start = 40});
  auto imposter = Inside(299, 100);
  imposter.start = 400;
  world_.Add(imposter);
  world_.Of(300).stat.parent = 299;
  world_.Attribute();
  EXPECT_EQ(world_.ContainerOf(300), nullptr);
}

TEST_F(Members, ACircleOfParentsEnds) {
  world_.Add({.pid = 300, .parent = 301, .cgroup = "/x", .start = 40});
  world_.Add({.pid = 301, .parent = 300, .cgroup = "/x", .start = 40});
  world_.Attribute();
  EXPECT_EQ(world_.ContainerOf(300), nullptr);
  EXPECT_EQ(world_.ContainerOf(301), nullptr);
}

}  // namespace
}  // namespace hullmark
