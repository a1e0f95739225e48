// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checks/table.h"
#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/checks/builder.h"

namespace hullmark::testing {
namespace {

using Lines = std::vector<std::string>;

// ---- PRV-001 ----

const Params kAllThreads = Of({true});

Verdict JudgeNnp(const Scene& scene) {
  return Judge(PrivilegeChecks(), "PRV-001", scene, kAllThreads);
}

TEST(NoNewPrivileges, SetPassesAndClearFails) {
  Scene scene;
  EXPECT_EQ(JudgeNnp(scene), Verdict{.outcome = Outcome::kPass});
  scene.status().no_new_privs = false;
  EXPECT_EQ(JudgeNnp(scene), Verdict{.outcome = Outcome::kFail});
  EXPECT_EQ(Proof(PrivilegeChecks(), "PRV-001", scene, kAllThreads),
            Lines{"status: NoNewPrivs is 0"});
}

TEST(NoNewPrivileges, AbsentLineIsUnknown) {
  Scene scene;
  scene.status().no_new_privs = std::nullopt;
  EXPECT_EQ(JudgeNnp(scene).outcome, Outcome::kUnknown);
  scene.task().status = Missing(ErrorCode::kDenied, 13);
  EXPECT_EQ(JudgeNnp(scene).outcome, Outcome::kUnknown);
}

TEST(NoNewPrivileges, ThreadsCountIfAsked) {
  Scene scene;
  Task thread = scene.task();
  thread.status->no_new_privs = false;
  const auto check = std::get<ProcessCheck>(FindCheck(PrivilegeChecks(), "PRV-001").evaluate);
  EXPECT_EQ(check(scene.ThreadView(thread), kAllThreads, nullptr).outcome, Outcome::kFail);
  EXPECT_EQ(check(scene.ThreadView(thread), Of({false}), nullptr).outcome, Outcome::kNotApplicable);
}

// ---- PRV-002 ----

Verdict JudgeIds(const Scene& scene) { return Judge(PrivilegeChecks(), "PRV-002", scene); }

TEST(NoIdentityEscalation, AgreeingIdsPass) {
  Scene scene;
  EXPECT_EQ(JudgeIds(scene), Verdict{.outcome = Outcome::kPass});
  scene.SetIds({100000, 100000, 100000, 100000}, {100000, 100000, 100000, 100000});
  EXPECT_EQ(JudgeIds(scene).outcome, Outcome::kPass) << "root from the start is no escalation";
  scene.SetIds({101000, 101001, 101001, 101001}, {100000, 101000, 101000, 101000});
  EXPECT_EQ(JudgeIds(scene).outcome, Outcome::kPass) << "nobody became root";
  scene.SetIds({100000, 101000, 100000, 101000}, {100000, 101000, 101000, 101000});
  EXPECT_EQ(JudgeIds(scene).outcome, Outcome::kPass) << "root that lowered itself";
}

TEST(NoIdentityEscalation, RootBehindAnotherRealIdFails) {
  for (const auto id :
       {&IdQuadruple<Uid>::effective, &IdQuadruple<Uid>::saved, &IdQuadruple<Uid>::fs}) {
    Scene scene;
    scene.status().uid.*id = Uid{100000};
    EXPECT_EQ(JudgeIds(scene), Verdict{.outcome = Outcome::kFail});
  }
  for (const auto id :
       {&IdQuadruple<Gid>::effective, &IdQuadruple<Gid>::saved, &IdQuadruple<Gid>::fs}) {
    Scene scene;
    scene.status().gid.*id = Gid{100000};
    EXPECT_EQ(JudgeIds(scene), Verdict{.outcome = Outcome::kFail});
  }
}

TEST(NoIdentityEscalation, ZeroMeansZeroOfItsOwnNamespace) {
  Scene scene;
  scene.SetIds({101000, 0, 0, 0}, {101000, 101000, 101000, 101000});
  EXPECT_EQ(JudgeIds(scene).outcome, Outcome::kPass) << "host root is unmapped there";
  scene.UseHost(NamespaceKind::kUser);
  EXPECT_EQ(JudgeIds(scene).outcome, Outcome::kFail);
  EXPECT_EQ(Proof(PrivilegeChecks(), "PRV-002", scene), Lines{"status: Uid is 101000 0 0 0"});
}

TEST(NoIdentityEscalation, NoNewUserNamespaceHidesIt) {
  Scene scene;
  scene.AddProcess();
  scene.UseMaps({}, {}, 1);  // As after unshare(CLONE_NEWUSER), before anybody wrote a map.
  scene.SetIds({101000, 100000, 100000, 100000}, {101000, 101000, 101000, 101000}, 1);
  const auto judge = [&] { return Judge(PrivilegeChecks(), "PRV-002", scene, {}, nullptr, 1); };
  EXPECT_EQ(judge().outcome, Outcome::kFail) << "it is root of the container";
  scene.container().init.reset();
  EXPECT_EQ(judge().outcome, Outcome::kUnknown) << "nobody knows the container's ids";
}

TEST(NoIdentityEscalation, NeedsTheMapOnlyWhereIdsDiffer) {
  Scene scene;
  scene.UseMaps({}, {});
  scene.snapshot.user_namespaces.back().gid_map = Missing(ErrorCode::kDenied, 13);
  EXPECT_EQ(JudgeIds(scene).outcome, Outcome::kPass);
  scene.status().gid.saved = Gid{7};
  EXPECT_EQ(JudgeIds(scene).outcome, Outcome::kUnknown);
  EXPECT_EQ(Proof(PrivilegeChecks(), "PRV-002", scene),
            Lines{"gid_map: " + std::string(NameOf(ErrorCode::kDenied))});
  scene.snapshot.vantage.initial_user_namespace = false;
  scene.SetIds({65534, 65534, 65534, 65534}, {65534, 65534, 65534, 65534});
  EXPECT_EQ(JudgeIds(scene).outcome, Outcome::kUnknown) << "all of them may hide something";
}

TEST(NoIdentityEscalation, UnreadableStatusIsUnknown) {
  Scene scene;
  scene.task().status = Missing(ErrorCode::kMalformed);
  EXPECT_EQ(JudgeIds(scene).outcome, Outcome::kUnknown);
}

}  // namespace
}  // namespace hullmark::testing
