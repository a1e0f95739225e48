// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/runtime/world.h"

namespace hullmark {
namespace {

using Pids = std::vector<int>;

TEST(Containers, TheUsualOne) {
  World world;
  const auto cgroup = "/system.slice/docker-" + Id('a') + ".scope";
  world.Add({.pid = 50, .cgroup = "/system.slice/containerd.service"});
  world.Add(World::Isolated(100, 50, 1, cgroup));
  auto child = World::Isolated(101, 100, 1, cgroup);
  child.number = 7;
  world.Add(child);
  world.Attribute();

  const auto* container = world.ContainerOf(100);
  ASSERT_NE(container, nullptr);
  EXPECT_EQ(container->container_class, ContainerClass::kContainer);
  EXPECT_EQ(container->runtime, Runtime::kDocker);
  EXPECT_EQ(world.TextOf(container->id), Id('a'));
  EXPECT_EQ(world.TextOf(container->name), "");
  EXPECT_EQ(world.CgroupOf(*container), cgroup);
  EXPECT_EQ(world.InitOf(*container), 100);
  EXPECT_EQ(world.PidsOf(*container), (Pids{100, 101}));
  EXPECT_FALSE(container->parent);
  EXPECT_FALSE(container->claims);
  ASSERT_TRUE(container->mounts);
  EXPECT_EQ(world.snapshot.At(*container->mounts).inode,
            *world.Of(100).leader.namespaces[NamespaceKind::kMnt]);
  for (const int pid : {100, 101}) {
    EXPECT_FALSE(world.MemberOf(pid)->joined) << pid;
    EXPECT_FALSE(world.MemberOf(pid)->outside_cgroup) << pid;
  }
  EXPECT_EQ(world.ContainerOf(1), nullptr);
}

TEST(Containers, OfAnUnknownRuntimeAreStillContainers) {
  World world;
  world.Add(World::Isolated(100, 1, 1, "/strange/box"));
  world.Add(World::Isolated(110, 1, 2, "/strange/other"));
  world.Attribute();
  const auto* container = world.ContainerOf(100);
  ASSERT_NE(container, nullptr);
  EXPECT_EQ(container->runtime, Runtime::kUnknown);
  EXPECT_EQ(world.TextOf(container->id), "box");
  EXPECT_EQ(world.CgroupOf(*container), "/strange/box");
}

// All namespaces the host's but mnt: the cgroup and the root tell.
TEST(Containers, WithTheHostsPidNamespace) {
  World world;
  world.Add({.pid = 100, .cgroup = "/docker/" + Id('a'), .mnt = 1});
  world.Add({.pid = 101, .parent = 100, .cgroup = "/docker/" + Id('a'), .mnt = 1});
  world.Attribute();
  const auto* container = world.ContainerOf(100);
  ASSERT_NE(container, nullptr);
  EXPECT_EQ(container->container_class, ContainerClass::kContainer);
  EXPECT_EQ(world.InitOf(*container), 100);
  EXPECT_EQ(world.PidsOf(*container), (Pids{100, 101}));
}

// unshare(1) inside of one with the host's pid namespace does not become its init.
TEST(Containers, AnInnerPidNamespaceIsNotTheInit) {
  World world;
  const auto cgroup = "/docker/" + Id('a');
  world.Add({.pid = 100, .cgroup = cgroup, .mnt = 1});
  world.Add({.pid = 101, .parent = 100, .cgroup = cgroup, .mnt = 1, .pids = 9, .number = 1});
  world.Attribute();
  EXPECT_EQ(world.InitOf(*world.ContainerOf(101)), 100);
}

TEST(Containers, ASharedPidNamespaceHasOneInit) {
  World world;
  world.Add(World::Isolated(100, 1, 1, "/docker/" + Id('a')));
  auto other = World::Isolated(110, 1, 2, "/docker/" + Id('b'));
  other.pids = 1;
  other.number = 8;
  world.Add(other);
  world.Attribute();
  EXPECT_EQ(world.InitOf(*world.ContainerOf(100)), 100);
  EXPECT_EQ(world.InitOf(*world.ContainerOf(110)), 110);
  EXPECT_EQ(world.PidsOf(*world.ContainerOf(110)), Pids{110});
  EXPECT_EQ(world.CgroupOf(*world.ContainerOf(100)), "/docker/" + Id('a'));
}

TEST(Containers, WithoutACgroupOfItsOwn) {
  World world;
  const std::string session = "/user.slice/session-3.scope";
  world.Add({.pid = 90, .cgroup = session});
  world.Add(World::Isolated(100, 90, 1, session));
  world.Attribute();
  const auto* container = world.ContainerOf(100);
  ASSERT_NE(container, nullptr);
  EXPECT_EQ(container->container_class, ContainerClass::kContainer);
  EXPECT_EQ(world.CgroupOf(*container), "none");
  EXPECT_EQ(world.TextOf(container->id), "mnt-11");
  EXPECT_EQ(world.ContainerOf(90), nullptr);
}

TEST(Containers, TheRootCgroupIsNobodysOwn) {
  World world;
  world.snapshot.processes.clear();
  world.Add(World::Isolated(100, 0, 1, "/"));
  world.Attribute();
  EXPECT_EQ(world.CgroupOf(*world.ContainerOf(100)), "none");
}

// Its own root alone, or its own namespaces around the host's root, make no container.
TEST(Containers, NeedMoreThanOneTrait) {
  World world;
  world.Add({.pid = 90, .cgroup = "/session"});
  world.Add({.pid = 100, .parent = 90, .cgroup = "/session", .mnt = 1});
  world.HostRoot(2);
  world.Add(World::Isolated(110, 90, 2, "/session"));
  world.Attribute();
  EXPECT_EQ(world.ContainerOf(100)->container_class, ContainerClass::kSandbox);
  EXPECT_EQ(world.ContainerOf(110)->container_class, ContainerClass::kSandbox);
}

TEST(Containers, AUserNamespaceAroundAnOwnRootIsOne) {
  World world;
  world.Add({.pid = 90, .cgroup = "/session"});
  world.Add({.pid = 100, .parent = 90, .cgroup = "/session", .mnt = 1, .user = 1});
  world.Attribute();
  EXPECT_EQ(world.ContainerOf(100)->container_class, ContainerClass::kContainer);
}

// What cannot be compared is no proof of innocence.
TEST(Containers, AnUnknownRootNeedsAnInitOrAName) {
  World world;
  for (const int mnt : {1, 2, 3}) world.NoRoot(mnt);
  world.Add(World::Isolated(100, 1, 1, "/a"));
  world.Add({.pid = 110, .cgroup = "/docker/" + Id('b'), .mnt = 2});
  world.Add({.pid = 120, .cgroup = "/c", .mnt = 3});
  world.Attribute();
  EXPECT_EQ(world.ContainerOf(100)->container_class, ContainerClass::kContainer);
  EXPECT_EQ(world.ContainerOf(110)->container_class, ContainerClass::kContainer);
  EXPECT_EQ(world.ContainerOf(120)->container_class, ContainerClass::kSandbox);
}

TEST(Containers, UnreadableNamespacesInANamedCgroup) {
  World world;
  for (const int pid : {100, 101}) {
    auto spec = World::Isolated(pid, pid == 100 ? 1 : 100, 1, "/docker/" + Id('a'));
    spec.number = pid - 99;
    world.Add(spec).leader.namespaces = Namespaces();
  }
  world.Add({.pid = 120, .cgroup = "/elsewhere"}).leader.namespaces = Namespaces();
  world.Attribute();
  const auto* container = world.ContainerOf(100);
  ASSERT_NE(container, nullptr);
  EXPECT_EQ(world.InitOf(*container), 100);
  EXPECT_EQ(world.PidsOf(*container), (Pids{100, 101}));
  ASSERT_FALSE(container->mounts);
  EXPECT_EQ(container->mounts.error().code, ErrorCode::kNotRead);
  EXPECT_EQ(world.ContainerOf(120), nullptr);
  EXPECT_EQ(world.snapshot.counts.unattributed, 1U);
}

// A process that changes its program without end shows no status; its container is still one.
TEST(Containers, AnInitWithoutAStatusIsToldByItsParent) {
  World world;
  world.Add({.pid = 90, .cgroup = "/session"});
  world.Add(World::Isolated(100, 90, 1, "/session"));
  auto child = World::Isolated(101, 100, 1, "/session");
  child.number = 2;
  world.Add(child);
  world.Of(100).leader.status = Missing(ErrorCode::kVanished);
  world.Of(101).leader.status = Missing(ErrorCode::kVanished);
  world.Attribute();
  ASSERT_NE(world.ContainerOf(100), nullptr);
  EXPECT_EQ(world.ContainerOf(100)->container_class, ContainerClass::kContainer);
  EXPECT_EQ(world.InitOf(*world.ContainerOf(101)), 100);
}

TEST(Containers, WithoutAnyReferenceNothingIsInvented) {
  World world;
  for (auto& reference : world.snapshot.host.namespaces) {
    reference = Missing(ErrorCode::kDenied, 13);
  }
  world.snapshot.host.mounts = Missing(ErrorCode::kDenied, 13);
  world.Add({.pid = 100, .cgroup = "/session"});
  world.Add(World::Isolated(110, 1, 1, "/docker/" + Id('a')));
  world.Attribute();
  EXPECT_EQ(world.ContainerOf(100), nullptr);
  ASSERT_NE(world.ContainerOf(110), nullptr);
  EXPECT_EQ(world.ContainerOf(110)->container_class, ContainerClass::kContainer);
}

// docker run -v /:/host image chroot /host command: its mount table begins at the host's root.
TEST(Containers, AChrootIntoTheHostsRootHidesNone) {
  World world;
  for (const int mnt : {1, 2, 3, 4}) world.HostRoot(mnt);
  const auto named = "/docker/" + Id('a');
  world.Add({.pid = 90, .cgroup = named, .program = "/usr/bin/containerd-shim"});
  world.Add(World::Isolated(100, 90, 1, named));
  auto child = World::Isolated(101, 100, 1, named);
  child.number = 2;
  world.Add(child);
  world.RunsMachine(101);
  world.Add({.pid = 110, .cgroup = "/docker/" + Id('b'), .mnt = 2});
  world.Add(World::Isolated(120, 1, 3, "/own"));
  world.Add(World::Isolated(130, 1, 4, "/system.slice/private.service"));
  world.Attribute();
  const auto* container = world.ContainerOf(100);
  ASSERT_NE(container, nullptr);
  EXPECT_EQ(container->container_class, ContainerClass::kContainer);
  EXPECT_EQ(world.TextOf(container->id), Id('a'));
  EXPECT_EQ(world.CgroupOf(*container), named);
  EXPECT_EQ(world.InitOf(*container), 100);
  EXPECT_EQ(world.PidsOf(*container), (Pids{100, 101}));
  EXPECT_EQ(world.ContainerOf(110)->container_class, ContainerClass::kContainer);
  EXPECT_EQ(world.ContainerOf(120)->container_class, ContainerClass::kContainer);
  EXPECT_EQ(world.ContainerOf(130)->container_class, ContainerClass::kService);
}

// ---- its own cgroup ----

TEST(OwnCgroup, IsTheScopeAboveARuntimesLeaf) {
  World world;
  const auto scope = "/machine.slice/libpod-" + Id('a') + ".scope";
  world.Add(World::Isolated(100, 1, 1, scope + "/container"));
  world.Attribute();
  EXPECT_EQ(world.CgroupOf(*world.ContainerOf(100)), scope);
}

TEST(OwnCgroup, IsAboveTheGroupsOfAnInnerSystemd) {
  World world;
  world.Add({.pid = 50, .cgroup = "/boxes/monitor"});
  world.Add(World::Isolated(100, 50, 1, "/boxes/one/init.scope"));
  auto service = World::Isolated(101, 100, 1, "/boxes/one/system.slice/cron.service");
  service.number = 9;
  world.Add(service);
  world.Attribute();
  EXPECT_EQ(world.CgroupOf(*world.ContainerOf(100)), "/boxes/one");
  EXPECT_EQ(world.PidsOf(*world.ContainerOf(100)), (Pids{100, 101}));
}

// The only container of a host does not own the directory above all containers.
TEST(OwnCgroup, IsNotTheEmptyParent) {
  World world;
  world.Add(World::Isolated(100, 1, 1, "/boxes/one"));
  world.Attribute();
  EXPECT_EQ(world.CgroupOf(*world.ContainerOf(100)), "/boxes/one");
}

TEST(OwnCgroup, AHostProcessInItMakesItShared) {
  World world;
  world.Add({.pid = 90, .cgroup = "/boxes/one"});
  world.Add(World::Isolated(100, 1, 1, "/boxes/one"));
  world.Attribute();
  EXPECT_EQ(world.CgroupOf(*world.ContainerOf(100)), "none");
}

TEST(OwnCgroup, AShimUnderANameDoesNot) {
  World world;
  const auto cgroup = "/docker/" + Id('a');
  world.Add({.pid = 90, .cgroup = cgroup});
  world.Add(World::Isolated(100, 90, 1, cgroup));
  world.Attribute();
  EXPECT_EQ(world.CgroupOf(*world.ContainerOf(100)), cgroup);
  EXPECT_EQ(world.PidsOf(*world.ContainerOf(100)), Pids{100});
  EXPECT_EQ(world.ContainerOf(90), nullptr);
}

TEST(OwnCgroup, IsLookedForWhereLimitsAre) {
  World world(World::Layout::kHybrid);
  world.Add(World::Isolated(100, 1, 1, "/"));
  world.Place(100, {{"pids", "/box"}, {"memory", "/slice/box"}});
  world.Add(World::Isolated(110, 1, 2, "/"));
  world.Place(110, {{"memory", "/slice/only"}});
  world.Add(World::Isolated(120, 1, 3, "/"));
  world.Place(120, {{"name=systemd", "/payload"}, {"", "/payload"}});
  world.Attribute();
  EXPECT_EQ(world.CgroupOf(*world.ContainerOf(100)), "/box");
  EXPECT_EQ(world.CgroupOf(*world.ContainerOf(110)), "/slice/only");
  EXPECT_EQ(world.CgroupOf(*world.ContainerOf(120)), "none");
}

TEST(Order, IsByStartThenId) {
  World world;
  auto late = World::Isolated(100, 1, 1, "/docker/" + Id('a'));
  late.start = 900;
  world.Add(late);
  for (const char digit : {'c', 'b'}) {
    auto spec = World::Isolated(digit == 'c' ? 110 : 120, 1, digit, "/docker/" + Id(digit));
    spec.start = 500;
    world.Add(spec);
  }
  world.Attribute();
  ASSERT_EQ(world.snapshot.containers.size(), 3U);
  EXPECT_EQ(world.TextOf(world.snapshot.containers[0].id), Id('b'));
  EXPECT_EQ(world.TextOf(world.snapshot.containers[1].id), Id('c'));
  EXPECT_EQ(world.TextOf(world.snapshot.containers[2].id), Id('a'));
}

TEST(Order, AnIdIsTheOlders) {
  World world;
  world.Add(World::Isolated(100, 1, 1, "/docker/" + Id('a')));
  world.Add(World::Isolated(110, 1, 2, "/mine/docker-" + Id('a') + ".scope"));
  world.Attribute();
  EXPECT_EQ(world.TextOf(world.ContainerOf(100)->id), Id('a'));
  EXPECT_EQ(world.TextOf(world.ContainerOf(110)->id), Id('a') + "#110");
}

}  // namespace
}  // namespace hullmark
