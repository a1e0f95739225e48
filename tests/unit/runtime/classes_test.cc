// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

#include "hullmark/snapshot.h"
#include "tests/unit/runtime/world.h"

namespace hullmark {
namespace {

using Pids = std::vector<int>;

constexpr auto kContainer = ContainerClass::kContainer;
constexpr auto kSandbox = ContainerClass::kSandbox;
constexpr auto kService = ContainerClass::kService;
constexpr auto kVm = ContainerClass::kVm;

TEST(Sandbox, UnshareAroundTheHostsRoot) {
  World world;
  world.HostRoot(1);
  world.Add({.pid = 99, .cgroup = "/s", .mnt = 1, .net = 1, .program = "/usr/bin/unshare"});
  auto spec = World::Isolated(100, 99, 1, "/s");
  world.Add(spec);
  world.Attribute();
  const auto* sandbox = world.ContainerOf(100);
  ASSERT_NE(sandbox, nullptr);
  EXPECT_EQ(sandbox->container_class, kSandbox);
  EXPECT_EQ(sandbox->runtime, Runtime::kUnshare);
  EXPECT_EQ(world.TextOf(sandbox->id), "mnt-11");
  EXPECT_EQ(world.PidsOf(*sandbox), Pids{100});
  EXPECT_EQ(world.InitOf(*sandbox), 100);
  EXPECT_FALSE(world.MemberOf(100)->joined);
  EXPECT_EQ(world.ContainerOf(99), nullptr);  // Its starter is in the host's pid namespace.
}

TEST(Sandbox, OneNamespaceIsEnough) {
  World world;
  world.Add({.pid = 100, .user = 5});
  world.Add({.pid = 101, .parent = 100, .pids = 6, .user = 5, .number = 2});
  world.Add({.pid = 110, .net = 7});
  world.Add({.pid = 120});
  world.Attribute();
  EXPECT_EQ(world.PidsOf(*world.ContainerOf(100)), (Pids{100, 101}));
  EXPECT_EQ(world.ContainerOf(110)->container_class, kSandbox);
  EXPECT_EQ(world.ContainerOf(120), nullptr);
}

TEST(Sandbox, BubblewrapIsToldByItsHostFile) {
  World world;
  auto spec = World::Isolated(100, 1, 1, "/app-flatpak.scope");
  spec.program = "/usr/bin/bwrap";
  spec.program_mount = World::kHostMount;
  world.Add(spec);
  world.Attribute();
  EXPECT_EQ(world.ContainerOf(100)->container_class, kSandbox);
  EXPECT_EQ(world.ContainerOf(100)->runtime, Runtime::kBubblewrap);
}

// A file of that name in the container's own root proves nothing.
TEST(Sandbox, TheNameAloneDoesNotTell) {
  World world;
  auto spec = World::Isolated(100, 1, 1, "/docker/" + Id('a'));
  spec.program = "/usr/bin/bwrap";
  spec.program_mount = 1001;
  world.Add(spec);
  world.Attribute();
  EXPECT_EQ(world.ContainerOf(100)->container_class, kContainer);
}

TEST(Sandbox, AnyHostFileTellsWhereThereIsNoCgroup) {
  World world;
  for (const int number : {1, 2}) {
    auto spec = World::Isolated(100 + number, 1, number, "/");
    spec.program = "/usr/bin/jail";
    spec.program_mount = number == 1 ? World::kHostMount : 0;
    world.Add(spec);
  }
  world.Attribute();
  EXPECT_EQ(world.ContainerOf(101)->container_class, kSandbox);
  EXPECT_EQ(world.ContainerOf(102)->container_class, kContainer);
}

TEST(Sandbox, RootlessTreesAreOne) {
  World world;
  world.HostRoot(1);
  world.Add({.pid = 100, .mnt = 1, .user = 1, .program = "/usr/bin/podman", .uid = 1000});
  world.Add({.pid = 101, .mnt = 1, .user = 1, .program = "/usr/bin/slirp4netns", .uid = 1000});
  world.Attribute();
  EXPECT_EQ(world.PidsOf(*world.ContainerOf(100)), (Pids{100, 101}));
  EXPECT_EQ(world.ContainerOf(100)->runtime, Runtime::kRootless);
}

TEST(Sandbox, MonitorsAreNoWorkload) {
  World world;
  world.HostRoot(1);
  world.Add({.pid = 90, .cgroup = "/m", .mnt = 1, .program = "/usr/bin/conmon"});
  world.Add(World::Isolated(100, 90, 2, "/libpod_parent/libpod-" + Id('a')));
  world.HostRoot(3);
  world.Add({.pid = 110, .cgroup = "/docker/" + Id('b'), .mnt = 3, .program = "/usr/bin/runc"});
  world.Add({.pid = 120, .cgroup = "/m", .mnt = 3, .program = "/usr/bin/conmon"});
  world.Attribute();
  EXPECT_EQ(world.ContainerOf(90), nullptr);
  EXPECT_EQ(world.ContainerOf(110), nullptr);
  EXPECT_EQ(world.ContainerOf(120)->container_class, kSandbox);  // Monitors nothing.
}

// After an upgrade of its package a monitor runs from a file that is gone: it gives its runtime.
TEST(Sandbox, AnUpgradedMonitorIsStillOne) {
  World world;
  world.HostRoot(1);
  for (const int pid : {90, 190}) {
    world.Add({.pid = pid, .cgroup = "/m", .mnt = 1, .program = "/usr/bin/conmon (deleted)"});
    world.Add(World::Isolated(pid + 10, pid, pid, "/machine.slice/p" + std::to_string(pid)));
  }
  const auto links_of = [&](int pid) -> auto& {
    return world.snapshot.executables[static_cast<std::size_t>(*world.Of(pid).executable)].links;
  };
  links_of(90) = 0;
  links_of(190) = 1;  // A file may bear that name, too.
  world.Attribute();
  EXPECT_EQ(world.ContainerOf(90), nullptr);
  EXPECT_EQ(world.ContainerOf(100)->runtime, Runtime::kPodman);
  EXPECT_EQ(world.ContainerOf(200)->runtime, Runtime::kUnknown);
}

TEST(Service, IsToldByItsUnit) {
  World world;
  world.HostRoot(1);
  world.Add({.pid = 100, .cgroup = "/system.slice/my\\x2dweb.service", .mnt = 1});
  world.Add({.pid = 101, .parent = 100, .cgroup = "/system.slice/my\\x2dweb.service/sub"});
  world.Add({.pid = 110, .cgroup = "/system.slice/run-1.scope"});
  world.Attribute();
  const auto* service = world.ContainerOf(100);
  ASSERT_NE(service, nullptr);
  EXPECT_EQ(service->container_class, kService);
  EXPECT_EQ(service->runtime, Runtime::kSystemd);
  EXPECT_EQ(world.TextOf(service->name), "my-web.service");
  EXPECT_EQ(world.TextOf(service->id), "my-web.service");
  EXPECT_EQ(world.CgroupOf(*service), "/system.slice/my\\x2dweb.service");
  EXPECT_EQ(world.PidsOf(*service), (Pids{100, 101}));
  EXPECT_EQ(world.InitOf(*service), 100);
  EXPECT_EQ(world.ContainerOf(110), nullptr);
}

TEST(Service, OfAUserKeepsTheUser) {
  World world;
  for (const int user : {1000, 1001}) {
    const auto manager = "/user.slice/user@" + std::to_string(user) + ".service";
    world.Add({.pid = user, .cgroup = manager + "/app.slice/bus.service"});
  }
  world.Attribute();
  EXPECT_EQ(world.TextOf(world.ContainerOf(1000)->name), "bus.service");
  EXPECT_EQ(world.TextOf(world.ContainerOf(1000)->id), "user@1000.service/bus.service");
  EXPECT_EQ(world.TextOf(world.ContainerOf(1001)->id), "user@1001.service/bus.service");
}

TEST(Service, WithItsOwnRootIsStillAService) {
  World world;
  world.Add({.pid = 100, .cgroup = "/system.slice/portable.service", .mnt = 1});
  world.Add({.pid = 110, .cgroup = "/user.slice/snap.editor.editor-1.scope", .mnt = 2});
  world.Attribute();
  EXPECT_EQ(world.ContainerOf(100)->container_class, kService);
  EXPECT_EQ(world.ContainerOf(110)->container_class, kSandbox);
}

// Quadlet: the container below its unit, the monitor beside it.
TEST(Service, DoesNotSwallowAContainerBelowIt) {
  World world;
  const std::string unit = "/system.slice/web.service";
  world.Add({.pid = 90, .cgroup = unit + "/runtime", .program = "/usr/bin/conmon"});
  world.Add(World::Isolated(100, 90, 1, unit + "/libpod-payload-" + Id('a')));
  world.Attribute();
  EXPECT_EQ(world.ContainerOf(100)->container_class, kContainer);
  EXPECT_EQ(world.ContainerOf(100)->runtime, Runtime::kPodman);
  EXPECT_EQ(world.CgroupOf(*world.ContainerOf(100)), unit + "/libpod-payload-" + Id('a'));
  EXPECT_EQ(world.ContainerOf(90)->container_class, kService);
}

// A job runner that calls unshare(1): its own processes stay its own.
TEST(Service, DoesNotSwallowASandboxThatItStarted) {
  World world;
  world.HostRoot(1);
  const std::string unit = "/system.slice/job.service";
  world.Add({.pid = 90, .cgroup = unit});
  world.Add({.pid = 99, .parent = 90, .cgroup = unit, .mnt = 1, .program = "/usr/bin/unshare"});
  world.Add(World::Isolated(100, 99, 1, unit));
  world.Attribute();
  ASSERT_NE(world.ContainerOf(100), nullptr);
  EXPECT_EQ(world.ContainerOf(100)->container_class, kSandbox);
  EXPECT_EQ(world.PidsOf(*world.ContainerOf(90)), (Pids{90, 99}));
  EXPECT_EQ(world.ContainerOf(90)->container_class, kService);
}

TEST(Service, OnAHybridHostIsInSystemdsHierarchy) {
  World world(World::Layout::kHybrid);
  world.Add({.pid = 100});
  world.Place(100, {{"name=systemd", "/system.slice/a.service"}});
  world.Add({.pid = 110});
  world.Place(110,
              {{"name=systemd", "/system.slice/b.service"}, {"pids", "/system.slice/b.service"}});
  world.Attribute();
  ASSERT_NE(world.ContainerOf(100), nullptr);
  EXPECT_EQ(world.CgroupOf(*world.ContainerOf(100)), "none");
  EXPECT_EQ(world.CgroupOf(*world.ContainerOf(110)), "/system.slice/b.service");
}

TEST(Machine, RunsInANamedCgroupWithTheHostsRoot) {
  World world;
  const auto cgroup = "/kubepods.slice/cri-containerd-" + Id('a') + ".scope";
  world.Add({.pid = 90, .cgroup = cgroup, .program = "/usr/bin/containerd-shim-kata-v2"});
  world.Add({.pid = 100, .parent = 90, .cgroup = cgroup, .net = 3, .program = "/usr/bin/qemu"});
  world.Add({.pid = 200, .cgroup = "/user.slice", .program = "/usr/bin/qemu"});
  world.RunsMachine(100);
  world.RunsMachine(200);
  world.Attribute();
  const auto* machine = world.ContainerOf(100);
  ASSERT_NE(machine, nullptr);
  EXPECT_EQ(machine->container_class, kVm);
  EXPECT_EQ(machine->runtime, Runtime::kKata);
  EXPECT_EQ(world.TextOf(machine->id), Id('a'));
  EXPECT_EQ(world.CgroupOf(*machine), cgroup);
  EXPECT_EQ(world.PidsOf(*machine), Pids{100});
  EXPECT_EQ(world.ContainerOf(90), nullptr);
  EXPECT_EQ(world.ContainerOf(200), nullptr);
}

// A container that runs a virtual machine is judged as the container that it is.
TEST(Machine, InsideOfAContainerChangesNothing) {
  World world;
  world.Add(World::Isolated(100, 1, 1, "/docker/" + Id('a')));
  world.RunsMachine(100);
  world.Attribute();
  EXPECT_EQ(world.ContainerOf(100)->container_class, kContainer);
}

TEST(Machine, GvisorsKernel) {
  World world;
  for (const int number : {1, 2}) {
    auto spec = World::Isolated(100 * number, 1, number, "/docker/" + Id(number == 1 ? 'a' : 'b'));
    spec.user = number == 1 ? 1 : 0;
    spec.program = "/usr/local/bin/runsc";
    spec.program_mount = World::kHostMount;
    world.Add(spec);
  }
  auto gofer = World::Isolated(101, 1, 3, "/docker/" + Id('a'));
  gofer.pids = 0;
  world.Add(gofer);
  world.Attribute();
  EXPECT_EQ(world.ContainerOf(100)->container_class, kVm);
  EXPECT_EQ(world.ContainerOf(100)->runtime, Runtime::kGvisor);
  EXPECT_EQ(world.PidsOf(*world.ContainerOf(100)), (Pids{100, 101}));
  EXPECT_EQ(world.ContainerOf(200)->container_class, kContainer);
}

}  // namespace
}  // namespace hullmark
