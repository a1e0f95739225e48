// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>

#include "hullmark/snapshot.h"
#include "tests/unit/runtime/world.h"

namespace hullmark {
namespace {

class LowLevel : public testing::Test {
 protected:
  LowLevel() { world_.Add(World::Isolated(100, 1, 1, "/jobs/one")); }

  void RuncState(const std::string& id, int pid, int start, const std::string& cgroup) {
    world_.File("/run/runc/" + id + "/state.json",
                R"({"id":"x","init_process_pid":)" + std::to_string(pid) +
                    R"(,"init_process_start":)" + std::to_string(start) +
                    R"(,"cgroup_paths":{"":")" + cgroup + R"("}})");
  }
  std::string NoteOfDropped() {
    world_.Attribute();
    const auto& container = *world_.ContainerOf(100);
    EXPECT_EQ(container.runtime, Runtime::kUnknown);
    EXPECT_EQ(world_.TextOf(container.name), "");
    const auto notes = world_.NotesOf(container);
    return notes.size() == 1 ? notes[0] : "";
  }

  World world_;
};

TEST_F(LowLevel, RuncByName) {
  RuncState("one", 100, 100, "/sys/fs/cgroup/jobs/one");
  world_.Attribute();
  EXPECT_EQ(world_.ContainerOf(100)->runtime, Runtime::kRunc);
  EXPECT_EQ(world_.TextOf(world_.ContainerOf(100)->name), "one");
}

TEST_F(LowLevel, RuncByPidUnderAnotherName) {
  RuncState("else", 50, 50, "/sys/fs/cgroup/jobs/else");
  RuncState("job-7", 100, 100, "/sys/fs/cgroup/jobs/one");
  world_.Attribute();
  EXPECT_EQ(world_.TextOf(world_.ContainerOf(100)->id), "job-7");
}

TEST_F(LowLevel, PidStartAndCgroupMustFit) {
  const std::string path = "/run/runc/one/state.json";
  RuncState("one", 101, 100, "/sys/fs/cgroup/jobs/one");
  EXPECT_EQ(NoteOfDropped(), path + " names pid 101, the kernel says 100");
  RuncState("one", 100, 99, "/sys/fs/cgroup/jobs/one");
  EXPECT_EQ(NoteOfDropped(), path + " names a process that started at another time");
  RuncState("one", 100, 100, "/sys/fs/cgroup/jobs/two");
  EXPECT_EQ(NoteOfDropped(), path + " names another cgroup than the kernel");
}

TEST_F(LowLevel, Crun) {
  world_.File("/run/crun/one/status",
              R"({"pid":100,"process-start-time":100,"cgroup-path":"/jobs/one"})");
  world_.Attribute();
  EXPECT_EQ(world_.ContainerOf(100)->runtime, Runtime::kCrun);
}

// What podman starts with runc is podman's.
TEST_F(LowLevel, AnEnginesContainerIsNotRuncs) {
  world_.Add(World::Isolated(200, 1, 2, "/libpod_parent/libpod-" + Id('b')));
  RuncState(Id('b'), 200, 200, "/sys/fs/cgroup/libpod_parent/libpod-" + Id('b'));
  world_.Attribute();
  EXPECT_EQ(world_.ContainerOf(200)->runtime, Runtime::kPodman);
}

TEST(Lxc, NameFromItsCgroup) {
  World world;
  world.Add(World::Isolated(100, 1, 1, "/lxc.payload.box"));
  world.Add(World::Isolated(200, 1, 2, "/lxc.payload.odd"));
  world.File("/var/lib/lxc/box/config", "lxc.include = any\n");
  world.Attribute();
  EXPECT_EQ(world.ContainerOf(100)->runtime, Runtime::kLxc);
  EXPECT_EQ(world.TextOf(world.ContainerOf(100)->name), "box");
  EXPECT_EQ(world.TextOf(world.ContainerOf(100)->claims->source), "/var/lib/lxc/box/config");
  EXPECT_EQ(world.TextOf(world.ContainerOf(200)->name), "odd");
  EXPECT_FALSE(world.ContainerOf(200)->claims);
}

TEST(Nspawn, NameFromCgroupOrStarter) {
  World world;
  world.Add(World::Isolated(100, 1, 1, "/machine.slice/machine-my\\x2dbox.scope/payload"));
  world.Add({.pid = 190, .cgroup = "/s", .program = "/usr/bin/systemd-nspawn"});
  world.Add(World::Isolated(200, 190, 2, "/payload"));
  world.Arguments(190, {"systemd-nspawn", "--machine=other", "-b"});
  world.Attribute();
  EXPECT_EQ(world.ContainerOf(100)->runtime, Runtime::kNspawn);
  EXPECT_EQ(world.TextOf(world.ContainerOf(100)->name), "my-box");
  EXPECT_EQ(world.ContainerOf(200)->runtime, Runtime::kNspawn);
  EXPECT_EQ(world.TextOf(world.ContainerOf(200)->name), "other");
  EXPECT_EQ(world.ContainerOf(200)->claims->trust, Trust::kRoot);
}

TEST(Starter, NamesTheRuntimeWhereNothingElseDoes) {
  World world;
  world.Add({.pid = 90, .cgroup = "/s", .program = "/usr/bin/buildkitd"});
  world.Add(World::Isolated(100, 90, 1, "/work/1"));
  world.Attribute();
  EXPECT_EQ(world.ContainerOf(100)->runtime, Runtime::kBuildkit);
  EXPECT_EQ(world.TextOf(world.ContainerOf(100)->id), "1");
}

}  // namespace
}  // namespace hullmark
