// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace hullmark::testing
