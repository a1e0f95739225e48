// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "hullmark/snapshot.h"
#include "tests/unit/runtime/world.h"

namespace hullmark {
namespace {

using Pids = std::vector<int>;

class Nested : public testing::Test {
 protected:
  Nested() { world_.Add(World::Isolated(100, 1, 1, outer_)); }

  const Container* ParentOf(int pid) {
    const auto* container = world_.ContainerOf(pid);
    if (container == nullptr || !container->parent) return nullptr;
    return &world_.snapshot.containers[*container->parent];
  }

  const std::string outer_ = "/docker/" + Id('a');
  World world_;
};

TEST_F(Nested, AContainerInAContainer) {
  auto shim = World::Isolated(150, 100, 1, outer_);
  shim.number = 50;
  world_.Add(shim);
  world_.Add(World::Isolated(200, 150, 2, outer_ + "/docker/" + Id('b')));
  auto exec = World::Isolated(210, 150, 2, outer_ + "/docker/" + Id('b'));
  exec.number = 5;
  world_.Add(exec);
  world_.Attribute();
  EXPECT_EQ(world_.PidsOf(*world_.ContainerOf(100)), (Pids{100, 150}));
  EXPECT_EQ(world_.PidsOf(*world_.ContainerOf(200)), (Pids{200, 210}));
  EXPECT_EQ(ParentOf(200), world_.ContainerOf(100));
  EXPECT_EQ(world_.TextOf(world_.ContainerOf(200)->id), Id('b'));
  EXPECT_TRUE(world_.MemberOf(210)->joined);
  EXPECT_EQ(world_.CgroupOf(*world_.ContainerOf(100)), outer_);
}

// A pod with its node's pid namespace, the node being a container.
TEST_F(Nested, ANamedCgroupMakesUpForAPidNamespace) {
  auto spec = World::Isolated(200, 100, 2, outer_ + "/kubepods/pod1/" + Id('b'));
  spec.pids = 1;
  spec.number = 20;
  world_.Add(spec);
  world_.Attribute();
  EXPECT_EQ(ParentOf(200), world_.ContainerOf(100));
}

TEST_F(Nested, AnUnknownRuntimeInsideDoesNotTakeTheOutersName) {
  world_.Add(World::Isolated(200, 100, 2, outer_ + "/work/job"));
  world_.Attribute();
  ASSERT_EQ(ParentOf(200), world_.ContainerOf(100));
  EXPECT_EQ(world_.TextOf(world_.ContainerOf(200)->id), "job");
  EXPECT_EQ(world_.ContainerOf(200)->runtime, Runtime::kUnknown);
}

// bubblewrap inside of a container: no cgroup of its own.
TEST_F(Nested, ASandboxInsideBelongsToTheContainer) {
  world_.Add(World::Isolated(200, 100, 2, outer_));
  world_.Attribute();
  EXPECT_EQ(world_.PidsOf(*world_.ContainerOf(100)), (Pids{100, 200}));
  EXPECT_EQ(world_.InitOf(*world_.ContainerOf(100)), 100);
  EXPECT_FALSE(world_.MemberOf(200)->joined);
}

// systemd inside with PrivateTmp= services: own mount namespace and cgroup, the container's root.
TEST_F(Nested, AServiceOfAnInnerSystemdBelongsToTheContainer) {
  world_.Root(2, 1001);
  auto spec = World::Isolated(200, 100, 2, outer_ + "/system.slice/web.service");
  spec.pids = 1;
  spec.number = 30;
  world_.Add(spec);
  world_.Attribute();
  EXPECT_EQ(world_.PidsOf(*world_.ContainerOf(100)), (Pids{100, 200}));
  EXPECT_EQ(world_.snapshot.containers.size(), 1U);
}

// Two that entered each other: no ancestry is left to believe, and nothing hangs.
TEST(Circle, OfEnteredContainersEnds) {
  World world;
  world.Add({.pid = 100, .parent = 1, .cgroup = "/x", .mnt = 1});
  world.Add({.pid = 101, .parent = 100, .cgroup = "/x", .mnt = 2, .pids = 2, .number = 1});
  world.Add({.pid = 102, .parent = 101, .cgroup = "/x", .mnt = 1, .pids = 3, .number = 1});
  world.Attribute();
  for (const int pid : {100, 101, 102}) EXPECT_NE(world.ContainerOf(pid), nullptr) << pid;
}

}  // namespace
}  // namespace hullmark
