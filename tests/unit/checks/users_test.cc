// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "checks/table.h"
#include "hullmark/caps.h"
#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/checks/builder.h"

namespace hullmark::testing {
namespace {

using Lines = std::vector<std::string>;

Verdict JudgeUser(std::string_view id, const Scene& scene) {
  return Judge(UserChecks(), id, scene);
}

constexpr IdQuadruple<std::uint32_t> All(std::uint32_t id) { return {id, id, id, id}; }

void ExpectUnknownWherever(std::string_view id, ErrorCode code) {
  Scene link;
  link.task().namespaces.Set(NamespaceKind::kUser, Missing(code));
  EXPECT_EQ(JudgeUser(id, link).outcome, Outcome::kUnknown);
  Scene map;
  map.UseMaps({}, {});
  map.snapshot.user_namespaces.back().uid_map = Missing(code);
  EXPECT_EQ(JudgeUser(id, map).outcome, Outcome::kUnknown);
  Scene table;
  table.snapshot.user_namespaces.clear();
  EXPECT_EQ(JudgeUser(id, table).outcome, Outcome::kUnknown);
}

TEST(Users, UnreadableMapsAreUnknown) {
  for (const std::string_view id : {"USR-001", "USR-002"}) {
    ExpectUnknownWherever(id, ErrorCode::kDenied);
    ExpectUnknownWherever(id, ErrorCode::kNotRead);
  }
}

TEST(Users, EmptyMapIsUnknown) {
  Scene scene;
  scene.UseMaps({}, {});
  for (const std::string_view id : {"USR-001", "USR-002"}) {
    EXPECT_EQ(JudgeUser(id, scene).outcome, Outcome::kUnknown);
    EXPECT_EQ(Proof(UserChecks(), id, scene), Lines{"uid_map: uid_map is empty"});
  }
}

TEST(Users, NestedObserverCannotTell) {
  for (const auto vantage : {&Vantage::initial_pid_namespace, &Vantage::initial_user_namespace}) {
    Scene scene;
    scene.snapshot.vantage.*vantage = false;
    EXPECT_EQ(JudgeUser("USR-001", scene).outcome, Outcome::kUnknown);
    EXPECT_EQ(JudgeUser("USR-002", scene).outcome, Outcome::kUnknown);
  }
}

// ---- USR-001 ----

TEST(NotRootInside, EveryIdOfTheFourCounts) {
  const Scene scene;
  EXPECT_EQ(JudgeUser("USR-001", scene), Verdict{.outcome = Outcome::kPass});
  for (const auto id : {&IdQuadruple<Uid>::real, &IdQuadruple<Uid>::effective,
                        &IdQuadruple<Uid>::saved, &IdQuadruple<Uid>::fs}) {
    Scene root;
    root.status().uid.*id = Uid{100000};
    EXPECT_EQ(JudgeUser("USR-001", root), Verdict{.outcome = Outcome::kFail});
  }
}

TEST(NotRootInside, CountsInItsOwnNamespace) {
  Scene scene;
  scene.SetIds(All(0), All(0));
  EXPECT_EQ(JudgeUser("USR-001", scene).outcome, Outcome::kPass) << "host root is unmapped there";
  scene.UseHost(NamespaceKind::kUser);
  EXPECT_EQ(JudgeUser("USR-001", scene).outcome, Outcome::kFail);
  EXPECT_EQ(Proof(UserChecks(), "USR-001", scene),
            Lines{"status: Uid has 0 of its user namespace"});
  scene.SetIds(All(100000), All(100000));
  EXPECT_EQ(JudgeUser("USR-001", scene).outcome, Outcome::kPass);
}

TEST(NotRootInside, FollowsLaterExtents) {
  Scene scene;
  scene.UseMaps(
      {{.inside = 1, .outside = 5000, .count = 10}, {.inside = 0, .outside = 1000, .count = 1}},
      {});
  scene.SetIds(All(1000), {});
  EXPECT_EQ(JudgeUser("USR-001", scene).outcome, Outcome::kFail);
  scene.SetIds(All(5000), {});
  EXPECT_EQ(JudgeUser("USR-001", scene).outcome, Outcome::kPass);
}

TEST(NotRootInside, UnreadableStatusIsUnknown) {
  Scene scene;
  scene.task().status = Missing(ErrorCode::kDenied, 13);
  EXPECT_EQ(JudgeUser("USR-001", scene).outcome, Outcome::kUnknown);
}

// ---- USR-002 ----

TEST(RootIsNotHostRoot, RemappedPasses) {
  Scene scene;
  scene.SetIds(All(100000), All(100000));
  EXPECT_EQ(JudgeUser("USR-002", scene), Verdict{.outcome = Outcome::kPass});
  scene.task().status = Missing(ErrorCode::kDenied, 13);
  EXPECT_EQ(JudgeUser("USR-002", scene).outcome, Outcome::kPass) << "the map decides alone";
}

TEST(RootIsNotHostRoot, AnyExtentThatReachesHostRootFails) {
  Scene scene;
  scene.SetIds(All(0), All(0));
  scene.UseHost(NamespaceKind::kUser);
  EXPECT_EQ(JudgeUser("USR-002", scene), Verdict{.outcome = Outcome::kFail});
  scene.UseMaps(
      {{.inside = 0, .outside = 1000, .count = 1}, {.inside = 1000, .outside = 0, .count = 1}}, {});
  EXPECT_EQ(JudgeUser("USR-002", scene).outcome, Outcome::kFail);
  EXPECT_EQ(Proof(UserChecks(), "USR-002", scene),
            Lines{"uid_map: uid_map reaches uid 0 of the host"});
}

TEST(RootIsNotHostRoot, NobodyWithoutCapabilitiesPassesWithANote) {
  Scene scene;
  scene.UseHost(NamespaceKind::kUser);
  scene.SetIds(All(1000), All(0));
  EXPECT_EQ(JudgeUser("USR-002", scene).outcome, Outcome::kPass);
  EXPECT_NE(JudgeUser("USR-002", scene).note, "");
  scene.status().effective = {Cap::kNetBindService};
  EXPECT_EQ(JudgeUser("USR-002", scene).outcome, Outcome::kFail);
  scene.status().effective = {};
  scene.SetIds({1000, 1000, 0, 1000}, All(0));
  EXPECT_EQ(JudgeUser("USR-002", scene).outcome, Outcome::kFail) << "saved uid";
  scene.SetIds({1000, 1000, 1000, 0}, All(0));
  EXPECT_EQ(JudgeUser("USR-002", scene).outcome, Outcome::kFail) << "file-system uid";
  scene.task().status = Missing(ErrorCode::kDenied, 13);
  EXPECT_EQ(JudgeUser("USR-002", scene).outcome, Outcome::kUnknown);
}

}  // namespace
}  // namespace hullmark::testing
