// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "hullmark/ids.h"
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

}  // namespace
}  // namespace hullmark
