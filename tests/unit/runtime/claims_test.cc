// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "hullmark/snapshot.h"
#include "tests/unit/runtime/world.h"

namespace hullmark {
namespace {

using Notes = std::vector<std::string>;

const std::string kDockerFile = "/var/lib/docker/containers/" + Id('a') + "/config.v2.json";

std::string DockerConfig(int pid, const std::string& name = "/web") {
  return R"({"State":{"Running":true,"Pid":)" + std::to_string(pid) + R"(},"Name":")" + name +
         R"(","Image":"sha256:1","Config":{"Image":"shop/web:1","Env":["NAME=no"],"Labels":{)"
         R"("com.docker.compose.project":"shop","com.docker.compose.service":"web"}}})";
}

// One container of docker's, init 100, in the cgroup of id "aaa...".
class DockerClaims : public testing::Test {
 protected:
  DockerClaims() { world_.Add(World::Isolated(100, 1, 1, "/docker/" + Id('a'))); }

  const Container& Attributed() {
    world_.Attribute();
    return *world_.ContainerOf(100);
  }
  // The same container, however wrong the file: by structure, with these notes.
  void ExpectDropped(const Notes& notes) {
    const auto& container = Attributed();
    EXPECT_EQ(container.runtime, Runtime::kDocker);
    EXPECT_EQ(world_.TextOf(container.id), Id('a'));
    EXPECT_EQ(world_.TextOf(container.name), "");
    EXPECT_FALSE(container.claims);
    EXPECT_FALSE(container.image);
    EXPECT_FALSE(container.compose);
    EXPECT_EQ(world_.NotesOf(container), notes);
  }

  World world_;
};

TEST_F(DockerClaims, NameAndImage) {
  world_.File(kDockerFile, DockerConfig(100));
  const auto& container = Attributed();
  EXPECT_EQ(world_.TextOf(container.name), "web");
  EXPECT_EQ(world_.TextOf(*container.image), "shop/web:1");
  EXPECT_EQ(world_.TextOf(container.compose->project), "shop");
  EXPECT_EQ(world_.TextOf(container.compose->service), "web");
  EXPECT_EQ(world_.TextOf(container.claims->source), kDockerFile);
  EXPECT_EQ(container.claims->trust, Trust::kRoot);
  EXPECT_EQ(container.claims->owner, Uid{});
  EXPECT_EQ(world_.NotesOf(container), Notes());
}

TEST_F(DockerClaims, OfAnotherPidAreDropped) {
  world_.File(kDockerFile, DockerConfig(12));
  ExpectDropped({kDockerFile + " names pid 12, the kernel says 100"});
}

TEST_F(DockerClaims, OfAStoppedContainerAreDropped) {
  world_.File(kDockerFile, R"({"State":{"Running":false,"Pid":100},"Name":"/web"})");
  ExpectDropped({kDockerFile + " says that it does not run"});
}

TEST_F(DockerClaims, ThatAreNoJsonAreDropped) {
  world_.File(kDockerFile, "not { json");
  ExpectDropped({kDockerFile + " is not JSON, or too deep"});
}

TEST_F(DockerClaims, ThatAreTooDeepAreDropped) {
  world_.File(kDockerFile, std::string(100'000, '['));
  ExpectDropped({kDockerFile + " is not JSON, or too deep"});
}

TEST_F(DockerClaims, ThatAreTooLongAreDropped) {
  world_.File(kDockerFile, DockerConfig(100) + std::string(1U << 20, ' '));
  ExpectDropped({kDockerFile + " is too long"});
}

TEST_F(DockerClaims, ThatAreNotUtf8AreDropped) {
  world_.File(kDockerFile, DockerConfig(100, "/\xff"));
  ExpectDropped({kDockerFile + " is not JSON, or too deep"});
}

TEST_F(DockerClaims, ThatCannotBeReadLeaveANote) {
  world_.Unreadable(kDockerFile);
  ExpectDropped({kDockerFile + ": permission denied"});
}

TEST_F(DockerClaims, ThatAreAbsentLeaveNone) { ExpectDropped({}); }

TEST_F(DockerClaims, AWrongTypeIsNoValue) {
  world_.File(kDockerFile, R"({"State":{"Running":"true","Pid":"100"}})");
  ExpectDropped({kDockerFile + " says that it does not run"});
}

// Kept as it is for the sinks to escape, cut between characters.
TEST_F(DockerClaims, HostileNames) {
  world_.File(kDockerFile, DockerConfig(100, "/\\u001b[31m\\n" + std::string(246, 'x') + "ééé"));
  const auto name = world_.TextOf(Attributed().name);
  EXPECT_TRUE(name.starts_with("\x1b[31m\nxx"));
  EXPECT_EQ(name.size(), 256U);
  EXPECT_TRUE(name.ends_with("xéé"));
}

TEST_F(DockerClaims, AreForTheDirectoryOfThatIdOnly) {
  world_.File("/var/lib/docker/containers/" + Id('b') + "/config.v2.json", DockerConfig(100));
  ExpectDropped({});
}

// docker run --cgroup-parent: the path says nothing of docker, the file does.
TEST(Docker, IsFoundBelowAForeignParent) {
  World world;
  world.Add(World::Isolated(100, 1, 1, "/kubepods/pod1/" + Id('a')));
  world.File(kDockerFile, DockerConfig(100));
  world.Attribute();
  EXPECT_EQ(world.ContainerOf(100)->runtime, Runtime::kDocker);
  EXPECT_EQ(world.TextOf(world.ContainerOf(100)->name), "web");
}

TEST(Docker, RootlessIsAUsersClaim) {
  World world;
  world.Home(1000, "/home/ann");
  world.Add({.pid = 90, .user = 1, .program = "/usr/bin/containerd-shim-runc-v2", .uid = 1000});
  auto spec = World::Isolated(100, 90, 1, "/user.slice/docker-" + Id('a') + ".scope");
  spec.user = 1;
  world.Add(spec);
  const auto path = "/home/ann/.local/share/docker/containers/" + Id('a') + "/config.v2.json";
  world.File(path, DockerConfig(100), 1000);
  world.Attribute();
  const auto& claims = world.ContainerOf(100)->claims;
  ASSERT_TRUE(claims);
  EXPECT_EQ(world.TextOf(claims->source), path);
  EXPECT_EQ(claims->trust, Trust::kUser);
  EXPECT_EQ(claims->owner, Uid{1000});
}

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

const std::string kUid = "5c0ffee0-1111-4222-8333-00000000c002";
const std::string kTask = "/run/containerd/io.containerd.runtime.v2.task/k8s.io/" + Id('a');
const std::string kPodPath = "/kubepods/burstable/pod" + kUid + "/" + Id('a');

std::string Annotated(const std::string& type, const std::string& cgroup) {
  const std::string key = R"("io.kubernetes.cri.)";
  return R"({"linux":{"cgroupsPath":")" + cgroup + R"("},"annotations":{)" + key +
         R"(container-type":")" + type + R"(",)" + key + R"(container-name":"app",)" + key +
         R"(sandbox-id":")" + Id('a') + R"(",)" + key + R"(sandbox-name":"pod-1",)" + key +
         R"(sandbox-namespace":"shop",)" + key + R"(sandbox-uid":")" + kUid + R"(",)" + key +
         R"(image-name":"shop/app:3"}})";
}

class Kubernetes : public testing::Test {
 protected:
  Kubernetes() { world_.Add(World::Isolated(100, 1, 1, kPodPath)); }

  World world_;
};

TEST_F(Kubernetes, NamesFromContainerd) {
  world_.File(kTask + "/init.pid", "100");
  world_.File(kTask + "/config.json", Annotated("container", kPodPath));
  world_.Attribute();
  const auto& container = *world_.ContainerOf(100);
  EXPECT_EQ(container.runtime, Runtime::kContainerd);
  EXPECT_EQ(container.container_class, ContainerClass::kContainer);
  EXPECT_EQ(world_.TextOf(container.name), "app");
  EXPECT_EQ(world_.TextOf(*container.image), "shop/app:3");
  EXPECT_EQ(world_.TextOf(container.kubernetes->name_space), "shop");
  EXPECT_EQ(world_.TextOf(container.kubernetes->pod), "pod-1");
  EXPECT_EQ(world_.TextOf(container.kubernetes->pod_uid), kUid);
  EXPECT_EQ(world_.TextOf(container.kubernetes->container), "app");
  EXPECT_EQ(world_.TextOf(container.pod), kUid);
}

TEST_F(Kubernetes, TheSandboxIsPause) {
  world_.File(kTask + "/init.pid", "100");
  world_.File(kTask + "/config.json", Annotated("sandbox", kPodPath));
  world_.Attribute();
  EXPECT_EQ(world_.ContainerOf(100)->container_class, ContainerClass::kPause);
}

// Infrastructure is not judged: nobody but root may say so.
TEST_F(Kubernetes, AUsersWordMakesNoPause) {
  world_.File(kTask + "/init.pid", "100");
  world_.File(kTask + "/config.json", Annotated("sandbox", kPodPath), 1000);
  world_.Attribute();
  EXPECT_EQ(world_.ContainerOf(100)->container_class, ContainerClass::kContainer);
}

TEST_F(Kubernetes, AnotherCgroupOrPidDropsTheClaim) {
  world_.File(kTask + "/init.pid", "100");
  world_.File(kTask + "/config.json", Annotated("sandbox", "/kubepods/else"));
  world_.Attribute();
  EXPECT_EQ(world_.NotesOf(*world_.ContainerOf(100)),
            Notes{kTask + "/config.json names another cgroup than the kernel"});
  world_.File(kTask + "/init.pid", "7");
  world_.Attribute();
  const auto& container = *world_.ContainerOf(100);
  EXPECT_EQ(world_.NotesOf(container), Notes{kTask + "/init.pid names pid 7, the kernel says 100"});
  EXPECT_FALSE(container.claims);
  EXPECT_EQ(container.container_class, ContainerClass::kContainer);
  EXPECT_EQ(world_.TextOf(container.pod), kUid);  // The path says so, and no more than that.
  ASSERT_TRUE(container.kubernetes);
  EXPECT_EQ(world_.TextOf(container.kubernetes->pod_uid), kUid);
  EXPECT_EQ(world_.TextOf(container.kubernetes->pod), "");
  EXPECT_EQ(world_.TextOf(container.kubernetes->container), "");
}

TEST_F(Kubernetes, NamesFromTheKubeletsLogs) {
  world_.File("/var/log/pods/shop_pod-1_" + kUid + "/app/0.log", "");
  world_.File("/var/log/pods/shop_pod-2_other/app/0.log", "");
  world_.Attribute();
  const auto& container = *world_.ContainerOf(100);
  ASSERT_TRUE(container.kubernetes);
  EXPECT_EQ(world_.TextOf(container.kubernetes->name_space), "shop");
  EXPECT_EQ(world_.TextOf(container.kubernetes->pod), "pod-1");
  EXPECT_EQ(world_.TextOf(container.kubernetes->container), "app");
  EXPECT_EQ(container.claims->trust, Trust::kUser);
}

TEST(Crio, NamesFromItsStore) {
  World world;
  world.Add(World::Isolated(100, 1, 1, "/kubepods.slice/crio-" + Id('a') + ".scope/container"));
  const auto store = "/run/containers/storage/overlay-containers/" + Id('a') + "/userdata/";
  world.File(store + "pidfile", "100\n");
  world.File(store + "config.json",
             R"({"annotations":{"io.kubernetes.cri-o.ContainerType":"container",)"
             R"("io.kubernetes.container.name":"app","io.kubernetes.pod.name":"pod-1",)"
             R"("io.kubernetes.pod.namespace":"shop","io.kubernetes.pod.uid":"u-1"}})");
  world.Attribute();
  const auto& container = *world.ContainerOf(100);
  EXPECT_EQ(container.runtime, Runtime::kCrio);
  EXPECT_EQ(world.TextOf(container.name), "app");
  EXPECT_EQ(world.TextOf(container.kubernetes->pod), "pod-1");
  EXPECT_EQ(world.TextOf(container.pod), "u-1");
}

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
