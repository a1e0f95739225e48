// SPDX-License-Identifier: Apache-2.0
#include "agent/runtime/kept_claims.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "hullmark/ids.h"
#include "hullmark/snapshot.h"
#include "tests/unit/runtime/world.h"

namespace hullmark {
namespace {

constexpr Timestamp At(std::int64_t second) { return Timestamp{second * 1'000'000'000}; }
constexpr std::size_t kPlenty = std::size_t{1} << 20;

// A container of podman, whose claims are in three files, looked at again and again.
class KeptClaimsTest : public testing::Test {
 protected:
  KeptClaimsTest() {
    world_.label_keys = {"app"};
    world_.written_at = At(100);
    world_.Add(World::Isolated(100, 1, 1, "/libpod_parent/libpod-" + Id('a')));
    Names("db");
    world_.File(kPid, "100");
    world_.File(kConfig, R"({"annotations":{"app":"db"}})");
  }

  void Names(const std::string& name) {
    world_.File(kStore, R"([{"id":")" + Id('a') + R"(","names":[")" + name + R"("]}])");
  }

  // What the container is called, and its label after a space.
  std::string LookAt(int second) {
    kept_.BeginLook(At(second), [this](std::uint64_t) { return due_; }, world_.label_keys);
    world_.Attribute(&kept_);
    kept_.EndLook();
    const Container& container = *world_.ContainerOf(100);
    std::string text = world_.TextOf(container.name);
    if (!container.claims) return text;
    for (const ClaimedLabel& label : container.claims->labels)
      text += " " + world_.TextOf(label.value);
    return text;
  }

  std::vector<int> Reads() const {
    return {world_.ReadsOf(kStore), world_.ReadsOf(kPid), world_.ReadsOf(kConfig)};
  }

  const std::string kContainers = "/var/lib/containers/storage/overlay-containers/";
  const std::string kStore = kContainers + "containers.json";
  const std::string kConfig = kContainers + Id('a') + "/userdata/config.json";
  const std::string kPid =
      "/run/containers/storage/overlay-containers/" + Id('a') + "/userdata/pidfile";
  World world_;
  KeptClaims kept_{kPlenty};
  bool due_ = false;
};

TEST_F(KeptClaimsTest, WhatHasNotChangedIsReadOnce) {
  EXPECT_EQ(LookAt(200), "db db");
  EXPECT_EQ(LookAt(201), "db db");
  EXPECT_EQ(world_.ContainerOf(100)->claims->trust, Trust::kRoot);
  EXPECT_EQ(Reads(), (std::vector{1, 1, 1}));
  EXPECT_EQ(kept_.size(), 3U);
}

TEST_F(KeptClaimsTest, WhatHasChangedIsReadAgain) {
  LookAt(200);
  Names("web");
  EXPECT_EQ(LookAt(201), "web db");
  EXPECT_EQ(Reads(), (std::vector{2, 1, 1}));
  world_.File(kPid, "7");
  LookAt(202);
  EXPECT_EQ(world_.NotesOf(*world_.ContainerOf(100)),
            std::vector{kPid + " names pid 7, the kernel says 100"});
  EXPECT_EQ(Reads(), (std::vector{2, 2, 1}));
}

// Docker writes the file when it makes the container, and anew when that runs already.
TEST_F(KeptClaimsTest, WhatDoesNotNameItYetIsReadWhenItDoes) {
  world_.Add(World::Isolated(200, 1, 2, "/docker/" + Id('b')));
  const std::string file = "/var/lib/docker/containers/" + Id('b') + "/config.v2.json";
  const auto state = [](const std::string& running) {
    return R"({"State":{"Running":)" + running + R"(,"Pid":200},"Name":"/web"})";
  };
  const auto name = [this] { return world_.TextOf(world_.ContainerOf(200)->name); };
  LookAt(200);
  EXPECT_EQ(name(), "");
  world_.File(file, state("false"));
  LookAt(201);
  EXPECT_EQ(name(), "");
  world_.File(file, state("true"));
  LookAt(202);
  EXPECT_EQ(name(), "web");
}

TEST_F(KeptClaimsTest, WhatHasJustChangedMayChangeAgainUnseen) {
  LookAt(101);
  EXPECT_EQ(kept_.size(), 0U);
  LookAt(101);
  EXPECT_EQ(Reads(), (std::vector{2, 2, 2}));
  LookAt(102);
  LookAt(102);
  EXPECT_EQ(Reads(), (std::vector{3, 3, 3}));
}

TEST_F(KeptClaimsTest, EachHasItsTurn) {
  LookAt(200);
  due_ = true;
  LookAt(201);
  EXPECT_EQ(Reads(), (std::vector{2, 2, 2}));
  due_ = false;
  LookAt(202);
  EXPECT_EQ(Reads(), (std::vector{2, 2, 2}));
}

TEST_F(KeptClaimsTest, OtherLabelsHaveToBeRead) {
  world_.File(kConfig, R"({"annotations":{"app":"db","tier":"back"}})");
  EXPECT_EQ(LookAt(200), "db db");
  world_.label_keys = {"tier"};
  EXPECT_EQ(LookAt(201), "db back");
  world_.label_keys = {};
  EXPECT_EQ(LookAt(202), "db");
  EXPECT_EQ(kept_.size(), 2U);
}

TEST_F(KeptClaimsTest, IsBounded) {
  kept_ = KeptClaims(0);
  LookAt(200);
  EXPECT_EQ(LookAt(201), "db db");
  EXPECT_EQ(kept_.size(), 0U);
  EXPECT_EQ(Reads(), (std::vector{2, 2, 2}));
  kept_ = KeptClaims(1'500);
  LookAt(202);
  EXPECT_GT(kept_.size(), 0U);
  EXPECT_LT(kept_.size(), 3U);
  EXPECT_EQ(LookAt(203), "db db");
}

TEST_F(KeptClaimsTest, WhatCannotBeToldApartIsNotBelieved) {
  LookAt(200);
  world_.Unreadable(kConfig);
  EXPECT_EQ(LookAt(201), "db");
  EXPECT_EQ(world_.NotesOf(*world_.ContainerOf(100)), std::vector{kConfig + ": permission denied"});
  EXPECT_EQ(world_.ReadsOf(kConfig), 1);
}

TEST_F(KeptClaimsTest, ForgetsWhatNobodyAsksFor) {
  LookAt(200);
  kept_.BeginLook(At(201), [](std::uint64_t) { return false; }, world_.label_keys);
  kept_.EndLook();
  EXPECT_EQ(kept_.size(), 0U);
}

}  // namespace
}  // namespace hullmark
