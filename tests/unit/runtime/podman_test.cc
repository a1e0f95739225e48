// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>

#include "hullmark/ids.h"
#include "hullmark/snapshot.h"
#include "tests/unit/runtime/world.h"

namespace hullmark {
namespace {

const std::string kStore = "/var/lib/containers/storage/overlay-containers/containers.json";

std::string PodmanStore(const std::string& id, const std::string& name,
                        const std::string& image = "shop/db:2") {
  return R"([{"id":"0","names":["other"]},{"id":")" + id + R"(","names":[")" + name +
         R"("],"metadata":"{\"image-name\":\")" + image + R"(\",\"name\":\"x\"}"}])";
}

void PodmanPid(World& world, char digit, int pid) {
  world.File("/run/containers/storage/overlay-containers/" + Id(digit) + "/userdata/pidfile",
             std::to_string(pid));
}

TEST(Podman, NameAndImage) {
  World world;
  world.Add(World::Isolated(100, 1, 1, "/libpod_parent/libpod-" + Id('a')));
  world.File(kStore, PodmanStore(Id('a'), "db"));
  PodmanPid(world, 'a', 100);
  world.Attribute();
  const auto& container = *world.ContainerOf(100);
  EXPECT_EQ(container.runtime, Runtime::kPodman);
  EXPECT_EQ(world.TextOf(container.name), "db");
  EXPECT_EQ(world.TextOf(*container.image), "shop/db:2");
  EXPECT_EQ(container.container_class, ContainerClass::kContainer);
}

TEST(Podman, ADifferentPidDropsTheClaim) {
  World world;
  world.Add(World::Isolated(100, 1, 1, "/libpod_parent/libpod-" + Id('a')));
  world.File(kStore, PodmanStore(Id('a'), "db"));
  PodmanPid(world, 'a', 40);
  world.Attribute();
  const auto& container = *world.ContainerOf(100);
  EXPECT_EQ(world.TextOf(container.name), "");
  ASSERT_EQ(container.notes.size(), 1U);
  EXPECT_TRUE(world.NotesOf(container)[0].ends_with(" names pid 40, the kernel says 100"));
}

// A user's monitor may call itself anything: worth a user's word, and never root's names.
TEST(Podman, RootlessByItsMonitor) {
  World world;
  world.Home(1000, "/home/ann");
  world.Add({.pid = 90, .cgroup = "/s", .user = 1, .program = "/usr/bin/conmon", .uid = 1000});
  auto spec = World::Isolated(100, 90, 1, "/s");
  spec.user = 1;
  world.Add(spec);
  world.Arguments(90, {"conmon", "-c", Id('a'), "-u", "1", "-n", "mine"});
  world.File(kStore, PodmanStore(Id('a'), "production"));
  PodmanPid(world, 'a', 40);
  world.Attribute();
  const auto& by_monitor = *world.ContainerOf(100);
  EXPECT_EQ(by_monitor.runtime, Runtime::kPodman);
  EXPECT_EQ(world.TextOf(by_monitor.id), Id('a'));
  EXPECT_EQ(world.TextOf(by_monitor.name), "mine");
  EXPECT_EQ(world.TextOf(by_monitor.claims->source), "/proc/90/cmdline");
  EXPECT_EQ(by_monitor.claims->trust, Trust::kUser);
  EXPECT_EQ(by_monitor.claims->owner, Uid{1000});

  world.File("/home/ann/.local/share/containers/storage/vfs-containers/containers.json",
             PodmanStore(Id('a'), "hers"), 1000);
  world.Attribute();
  EXPECT_EQ(world.TextOf(world.ContainerOf(100)->name), "hers");
  EXPECT_EQ(world.ContainerOf(100)->claims->trust, Trust::kUser);
}

const std::string kPodmanPod = "/machine.slice/machine-libpod_pod_" + Id('d') + ".slice";

// podman run --privileged --name x-infra image /pause, outside of a pod or into one.
TEST(Podman, ANameAndAProgramMakeNoInfra) {
  for (const bool in_pod : {false, true}) {
    World world;
    if (in_pod) world.Add(World::Isolated(90, 1, 1, kPodmanPod + "/libpod-" + Id('b') + ".scope"));
    const auto above = in_pod ? kPodmanPod : std::string("/machine.slice");
    auto spec = World::Isolated(100, 1, 2, above + "/libpod-" + Id('a') + ".scope");
    spec.program = "/pause";
    if (in_pod) spec.net = spec.ipc = 1;
    world.Add(spec);
    world.File(kStore, PodmanStore(Id('a'), "x-infra"));
    PodmanPid(world, 'a', 100);
    world.Attribute();
    EXPECT_EQ(world.ContainerOf(100)->container_class, ContainerClass::kContainer) << in_pod;
  }
}

TEST(Podman, InfraIsPauseOnlyWhileItWaits) {
  for (const bool busy : {false, true}) {
    World world;
    auto spec = World::Isolated(100, 1, 1, kPodmanPod + "/libpod-" + Id('a') + ".scope");
    spec.program = "/catatonit";
    world.Add(spec);
    spec.pid = 101;
    spec.parent = 100;
    spec.number = 2;
    if (busy) world.Add(spec);
    world.File(kStore, PodmanStore(Id('a'), "0123-infra"));
    PodmanPid(world, 'a', 100);
    world.Attribute();
    const auto& container = *world.ContainerOf(100);
    EXPECT_EQ(container.container_class,
              busy ? ContainerClass::kContainer : ContainerClass::kPause);
    EXPECT_EQ(container.notes.size(), busy ? 1U : 0U);
  }
}

}  // namespace
}  // namespace hullmark
