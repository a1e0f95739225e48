// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "hullmark/ids.h"
#include "hullmark/snapshot.h"
#include "tests/unit/runtime/world.h"

namespace hullmark {
namespace {

using Labels = std::map<std::string, std::string>;

// A world in which labels "app" and "tier" are asked for.
class LabelsTest : public testing::Test {
 protected:
  LabelsTest() { world_.label_keys = {"app", "tier"}; }

  // Of the container whose init is 100, looked at anew.
  Labels Attributed() {
    world_.Attribute();
    const auto& container = *world_.ContainerOf(100);
    Labels labels;
    if (!container.claims) return labels;
    for (const ClaimedLabel& label : container.claims->labels) {
      EXPECT_TRUE(labels.emplace(world_.TextOf(label.key), world_.TextOf(label.value)).second);
    }
    return labels;
  }
  std::vector<std::string> Notes() const { return world_.NotesOf(*world_.ContainerOf(100)); }

  World world_;
};

class DockerLabels : public LabelsTest {
 protected:
  DockerLabels() { world_.Add(World::Isolated(100, 1, 1, "/docker/" + Id('a'))); }

  void Config(const std::string& labels, std::uint32_t owner = 0) {
    world_.File(
        "/var/lib/docker/containers/" + Id('a') + "/config.v2.json",
        R"({"State":{"Running":true,"Pid":100},"Name":"/web","Config":{"Labels":)" + labels + "}}",
        owner);
  }
};

TEST_F(DockerLabels, ThatAreAskedForAreRead) {
  Config(R"({"app":"web","no":"secret","tier":""})");
  EXPECT_EQ(Attributed(), (Labels{{"app", "web"}, {"tier", ""}}));
  EXPECT_EQ(world_.snapshot.label_keys, (std::vector<std::string>{"app", "tier"}));
  const auto& strings = world_.snapshot.strings;
  for (std::uint32_t id = 0; id < strings.size(); ++id) EXPECT_NE(strings[StringId{id}], "secret");
  world_.label_keys = {};
  EXPECT_EQ(Attributed(), Labels());
}

TEST_F(DockerLabels, AreBoundedAndKeptAsTheyAre) {
  Config(R"({"app":"\u001b[31m\u0000\n","tier":")" + std::string(255, 'x') + "éé" +
         std::string(100'000, 'y') + R"("})");
  const auto labels = Attributed();
  EXPECT_EQ(labels.at("app"), std::string("\x1b[31m\0\n", 7));
  EXPECT_EQ(labels.at("tier"), std::string(255, 'x'));
}

TEST_F(DockerLabels, ThatAreNoTextsAreNone) {
  for (const char* const labels : {R"({"app":1,"tier":null})", R"({"app":["web"]})",
                                   R"({"app":{"app":"web"}})", "null", "7"}) {
    Config(labels);
    EXPECT_EQ(Attributed(), Labels()) << labels;
    EXPECT_EQ(world_.TextOf(world_.ContainerOf(100)->name), "web") << "the rest is as good";
  }
}

TEST_F(DockerLabels, AreAsTrueAsTheirClaim) {
  Config(R"({"app":"web"})", 1000);
  EXPECT_EQ(Attributed(), (Labels{{"app", "web"}}));
  EXPECT_EQ(world_.ContainerOf(100)->claims->trust, Trust::kUser);
  world_.File("/var/lib/docker/containers/" + Id('a') + "/config.v2.json",
              R"({"State":{"Running":true,"Pid":7},"Config":{"Labels":{"app":"web"}}})");
  EXPECT_EQ(Attributed(), Labels()) << "of a claim that does not fit";
}

class PodmanLabels : public LabelsTest {
 protected:
  PodmanLabels() {
    world_.Add(World::Isolated(100, 1, 1, "/libpod_parent/libpod-" + Id('a')));
    world_.File(kStore + "containers.json", R"([{"id":")" + Id('a') + R"(","names":["db"]}])");
    world_.File("/run/containers/storage/overlay-containers/" + Id('a') + "/userdata/pidfile",
                "100");
  }

  const std::string kStore = "/var/lib/containers/storage/overlay-containers/";
  const std::string kConfig = kStore + Id('a') + "/userdata/config.json";
};

TEST_F(PodmanLabels, AreAnnotations) {
  EXPECT_EQ(Attributed(), Labels());
  world_.File(kConfig, R"({"annotations":{"app":"db","io.podman.annotations.init":"FALSE"}})");
  EXPECT_EQ(Attributed(), (Labels{{"app", "db"}}));
  EXPECT_TRUE(Notes().empty());
}

// A name of root's must not lend its trust to a file that somebody else can write.
TEST_F(PodmanLabels, OfAnotherOwnerAreNone) {
  world_.File(kConfig, R"({"annotations":{"app":"db"}})", 1000);
  EXPECT_EQ(Attributed(), Labels());
  EXPECT_EQ(Notes(), std::vector{kConfig + " is not of whom the names are: no labels of it"});
}

TEST_F(PodmanLabels, AreNotLookedForUnasked) {
  world_.Unreadable(kConfig);
  EXPECT_EQ(Attributed(), Labels());
  EXPECT_EQ(Notes(), std::vector{kConfig + ": permission denied"});
  world_.label_keys = {};
  EXPECT_EQ(Attributed(), Labels());
  EXPECT_TRUE(Notes().empty());
}

TEST_F(LabelsTest, ContainerdsAreAnnotationsOfTheBundle) {
  const auto task = "/run/containerd/io.containerd.runtime.v2.task/default/" + Id('a');
  world_.Add(World::Isolated(100, 1, 1, "/default/" + Id('a')));
  world_.File(task + "/init.pid", "100");
  world_.File(task + "/config.json", R"({"annotations":{"app":"web","nerdctl/name":"n"}})");
  EXPECT_EQ(Attributed(), (Labels{{"app", "web"}}));
}

// Labels of a pod are among the annotations of its sandbox.
TEST_F(LabelsTest, CriosAreItsOwnAndThePods) {
  const std::string store = "/run/containers/storage/overlay-containers/";
  const auto config = store + Id('a') + "/userdata/config.json";
  const auto sandbox = store + Id('b') + "/userdata/config.json";
  world_.Add(World::Isolated(100, 1, 1, "/kubepods.slice/crio-" + Id('a') + ".scope"));
  world_.File(store + Id('a') + "/userdata/pidfile", "100\n");
  world_.File(config, R"({"annotations":{"io.kubernetes.cri-o.SandboxID":")" + Id('b') +
                          R"(","tier":"own"}})");
  EXPECT_EQ(Attributed(), (Labels{{"tier", "own"}}));
  world_.File(sandbox, R"({"annotations":{"app":"pod","tier":"pod"}})");
  EXPECT_EQ(Attributed(), (Labels{{"app", "pod"}, {"tier", "own"}}));
  world_.File(sandbox, R"({"annotations":{"app":"pod"}})", 1000);
  EXPECT_EQ(Attributed(), (Labels{{"tier", "own"}}));
  // It is a name in that directory, or nothing.
  world_.File("/etc/userdata/config.json", R"({"annotations":{"app":"web"}})");
  world_.File(config, R"({"annotations":{"io.kubernetes.cri-o.SandboxID":"../../../../etc"}})");
  EXPECT_EQ(Attributed(), Labels());
}

TEST_F(LabelsTest, RuncsAreInItsState) {
  world_.Add(World::Isolated(100, 1, 1, "/jobs/one"));
  world_.File("/run/runc/one/state.json",
              R"({"init_process_pid":100,"cgroup_paths":{"":"/sys/fs/cgroup/jobs/one"},)"
              R"("config":{"labels":["app=job","no=x","bundle=/srv/one"]}})");
  EXPECT_EQ(Attributed(), (Labels{{"app", "job"}}));
}

TEST_F(LabelsTest, CrunsAreInItsCopyOfTheConfiguration) {
  world_.Add(World::Isolated(100, 1, 1, "/jobs/one"));
  world_.File("/run/crun/one/status", R"({"pid":100,"cgroup-path":"/jobs/one"})");
  world_.File("/run/crun/one/config.json", R"({"annotations":{"app":"job"}})");
  EXPECT_EQ(Attributed(), (Labels{{"app", "job"}}));
  world_.File("/run/crun/one/config.json", R"({"annotations":{"app":"job"}})", 1000);
  EXPECT_EQ(Attributed(), Labels());
}

TEST_F(LabelsTest, LxcHasNone) {
  world_.Add(World::Isolated(100, 1, 1, "/lxc.payload.box"));
  world_.File("/var/lib/lxc/box/config", "lxc.environment = app=web\n");
  EXPECT_EQ(Attributed(), Labels());
}

}  // namespace
}  // namespace hullmark
