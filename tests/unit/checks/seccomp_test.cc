// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "checks/table.h"
#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/checks/builder.h"

namespace hullmark::testing {
namespace {

const Params kAllThreads = Of({true});
const Params kFirstThread = Of({false});

Verdict JudgeSeccomp(const Scene& scene) {
  return Judge(SeccompChecks(), "SCP-001", scene, kAllThreads);
}

TEST(SystemCallFilter, FilterAndStrictModePass) {
  Scene scene;
  EXPECT_EQ(JudgeSeccomp(scene), Verdict{.outcome = Outcome::kPass});
  scene.status().seccomp = SeccompMode::kStrict;
  EXPECT_EQ(JudgeSeccomp(scene).outcome, Outcome::kPass);
}

TEST(SystemCallFilter, OffFails) {
  Scene scene;
  scene.status().seccomp = SeccompMode::kOff;
  EXPECT_EQ(JudgeSeccomp(scene), Verdict{.outcome = Outcome::kFail});
  EXPECT_EQ(Proof(SeccompChecks(), "SCP-001", scene, kAllThreads),
            std::vector<std::string>{"status: Seccomp is 0 (off)"});
}

TEST(SystemCallFilter, NoLineIsNotApplicableOnlyWhereTheKernelHasNone) {
  Scene scene;
  scene.status().seccomp = std::nullopt;
  EXPECT_EQ(JudgeSeccomp(scene).outcome, Outcome::kUnknown);
  scene.snapshot.host.seccomp_filter_available = Missing(ErrorCode::kDenied, 13);
  EXPECT_EQ(JudgeSeccomp(scene).outcome, Outcome::kUnknown);
  scene.snapshot.host.seccomp_filter_available = false;
  EXPECT_EQ(JudgeSeccomp(scene).outcome, Outcome::kNotApplicable);
  scene.status().seccomp = SeccompMode::kOff;
  EXPECT_EQ(JudgeSeccomp(scene).outcome, Outcome::kFail) << "strict mode may exist alone";
}

TEST(SystemCallFilter, UnreadableStatusIsUnknown) {
  Scene scene;
  scene.task().status = Missing(ErrorCode::kTruncated);
  EXPECT_EQ(JudgeSeccomp(scene).outcome, Outcome::kUnknown);
}

TEST(SystemCallFilter, ThreadsCountIfAsked) {
  Scene scene;
  Task thread = scene.task();
  thread.status->seccomp = SeccompMode::kOff;
  const auto check = std::get<ProcessCheck>(FindCheck(SeccompChecks(), "SCP-001").evaluate);
  EXPECT_EQ(check(scene.ThreadView(thread), kAllThreads, nullptr).outcome, Outcome::kFail);
  EXPECT_EQ(check(scene.ThreadView(thread), kFirstThread, nullptr).outcome,
            Outcome::kNotApplicable);
  EXPECT_EQ(check(scene.View(), kFirstThread, nullptr).outcome, Outcome::kPass);
}

// ---- SCP-002 ----

const Params kOneFilter = Of({std::int64_t{1}});

Verdict JudgeCount(const Scene& scene, std::size_t at = 0) {
  return Judge(SeccompChecks(), "SCP-002", scene, kOneFilter, nullptr, at);
}

Scene WithJoined() {
  Scene scene;
  scene.status().seccomp_filters = 2;
  const std::size_t joined = scene.AddProcess();
  scene.member(joined).joined = true;
  return scene;
}

TEST(FilterCount, OfOneWhoJoinedIsThatOfInit) {
  Scene scene = WithJoined();
  EXPECT_EQ(JudgeCount(scene, 1).outcome, Outcome::kPass);
  scene.status(1).seccomp_filters = 1;
  EXPECT_EQ(JudgeCount(scene, 1), Verdict{.outcome = Outcome::kFail});
  EXPECT_EQ(Proof(SeccompChecks(), "SCP-002", scene, kOneFilter, 1),
            std::vector<std::string>{"status: Seccomp_filters is 1, less than 2"});
  scene.status(1).seccomp = SeccompMode::kOff;
  scene.status(1).seccomp_filters = 0;
  EXPECT_EQ(JudgeCount(scene, 1).outcome, Outcome::kFail);
  scene.status(1).seccomp = SeccompMode::kStrict;
  EXPECT_EQ(JudgeCount(scene, 1).outcome, Outcome::kPass);
}

TEST(FilterCount, OfAChildMayBeSmallerIfInitAddedOneSince) {
  Scene scene = WithJoined();
  scene.member(1).joined = false;
  scene.status(1).seccomp_filters = 1;
  EXPECT_EQ(JudgeCount(scene, 1).outcome, Outcome::kPass);
}

TEST(FilterCount, IsNotAskedForWhereTheContainerHasNoFilter) {
  Scene scene = WithJoined();
  for (const std::size_t at : {0U, 1U}) {
    scene.status(at).seccomp = SeccompMode::kOff;
    scene.status(at).seccomp_filters = 0;
  }
  EXPECT_EQ(JudgeCount(scene, 0).outcome, Outcome::kNotApplicable);
  EXPECT_EQ(JudgeCount(scene, 1).outcome, Outcome::kNotApplicable);
}

TEST(FilterCount, IsUnknownOnOldKernels) {
  Scene scene = WithJoined();
  scene.status(1).seccomp_filters = std::nullopt;
  EXPECT_EQ(JudgeCount(scene, 1).outcome, Outcome::kUnknown);
  scene.status(1).seccomp_filters = 1;
  scene.status(0).seccomp_filters = std::nullopt;
  EXPECT_EQ(JudgeCount(scene, 1).outcome, Outcome::kUnknown);
  scene.task(0).status = Missing(ErrorCode::kDenied);
  EXPECT_EQ(JudgeCount(scene, 1).outcome, Outcome::kUnknown);
}

}  // namespace
}  // namespace hullmark::testing
