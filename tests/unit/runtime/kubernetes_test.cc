// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "hullmark/snapshot.h"
#include "tests/unit/runtime/world.h"

namespace hullmark {
namespace {

using Notes = std::vector<std::string>;

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

}  // namespace
}  // namespace hullmark
