// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "agent/evaluate/evaluate.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/report.h"
#include "tests/unit/evaluate/world.h"

namespace hullmark {
namespace {

TEST(ScoreOf, HalvesEveryFiftyPoints) {
  const Scoring scoring;
  EXPECT_DOUBLE_EQ(ScoreOf(0, scoring), 100.0);
  EXPECT_DOUBLE_EQ(ScoreOf(50'000, scoring), 50.0);
  EXPECT_DOUBLE_EQ(ScoreOf(100'000, scoring), 25.0);
  EXPECT_NEAR(ScoreOf(49'000, scoring), 50.7, 0.05);
  EXPECT_NEAR(ScoreOf(125'000, scoring), 17.7, 0.05);
  EXPECT_NEAR(ScoreOf(894'000, scoring), 0.0, 0.05);
  EXPECT_DOUBLE_EQ(ScoreOf(10'000, {.half_life = 10}), 50.0);
}

// The score of a container with one control of `weight` and one task.
Score ScoreOfOne(std::int32_t weight, const Verdict& verdict, const Scoring& scoring = {}) {
  World world;
  world.AddProcess(world.AddContainer());
  world.AddControl(Scope::kProcess, {.severity = Severity::kHigh, .weight = weight}, {verdict});
  world.benchmark.scoring = scoring;
  return Evaluate(world.snapshot, world.benchmark, {}).containers.at(0).score;
}

TEST(Score, GradeBoundsAreInclusiveAndExact) {
  EXPECT_EQ(ScoreOfOne(0, Fails()).grade, Grade::kA);
  EXPECT_EQ(ScoreOfOne(7, Fails()).grade, Grade::kA);
  EXPECT_EQ(ScoreOfOne(8, FailsBy(876)).grade, Grade::kB);  // 7.008 points.
  EXPECT_EQ(ScoreOfOne(20, Fails()).grade, Grade::kB);
  EXPECT_EQ(ScoreOfOne(21, Fails()).grade, Grade::kC);
  EXPECT_EQ(ScoreOfOne(50, Fails()).grade, Grade::kC);
  EXPECT_EQ(ScoreOfOne(51, Fails()).grade, Grade::kD);
  EXPECT_EQ(ScoreOfOne(100, Fails()).grade, Grade::kD);
  EXPECT_EQ(ScoreOfOne(101, Fails()).grade, Grade::kF);
}

TEST(Score, UnknownLowersTheFloorNotTheCeiling) {
  const Score score = ScoreOfOne(25, Unknowable());
  EXPECT_EQ(score.exposure, 25'000);
  EXPECT_EQ(score.exposure_known, 0);
  EXPECT_EQ(score.exposure_unwaived, 25'000);
  EXPECT_EQ(score.coverage(), 0.0);
  EXPECT_TRUE(score.provisional);
  EXPECT_EQ(score.grade, std::nullopt);
  EXPECT_FALSE(score.critical);
}

TEST(Score, ASiteMayPriceUnknownLowerButNotCallItKnown) {
  EXPECT_EQ(ScoreOfOne(25, Unknowable(), {.unknown_permille = 500}).exposure, 12'500);
  const Score free = ScoreOfOne(25, Unknowable(), {.unknown_permille = 0});
  EXPECT_EQ(free.exposure, 0);
  EXPECT_EQ(free.coverage(), 0.0);
  EXPECT_EQ(free.grade, std::nullopt);
}

TEST(Score, WhatDoesNotApplyIsInNeitherSum) {
  const Score score = ScoreOfOne(25, DoesNotApply());
  EXPECT_EQ(score.weight_applicable, 0);
  EXPECT_EQ(score.coverage(), 1.0);
  EXPECT_EQ(score.grade, Grade::kA);
}

// One task per verdict, a control of 25 points, beside one of 75 points that passes.
Score ScoreBeside(const std::vector<Verdict>& says, const Scoring& scoring = {}) {
  World world;
  const auto container = world.AddContainer();
  for (std::size_t i = 0; i < says.size(); ++i) world.AddProcess(container);
  world.AddControl(Scope::kProcess, kHighPrice, says);
  world.AddControl(Scope::kProcess, {.severity = Severity::kHigh, .weight = 75}, {});
  world.benchmark.scoring = scoring;
  return Evaluate(world.snapshot, world.benchmark, {}).containers.at(0).score;
}

TEST(Score, CoverageIsTheKnownShareOfTheWeights) {
  EXPECT_DOUBLE_EQ(ScoreBeside({Fails()}).coverage(), 1.0);
  EXPECT_DOUBLE_EQ(ScoreBeside({Unknowable()}).coverage(), 0.75);
  EXPECT_DOUBLE_EQ(ScoreBeside({Fails(), Unknowable()}).coverage(), 1.0);
  EXPECT_DOUBLE_EQ(ScoreBeside({FailsAt(kLowPrice), Unknowable()}).coverage(), 0.75);
  EXPECT_DOUBLE_EQ(
      ScoreBeside({FailsAt(kLowPrice), Unknowable()}, {.unknown_permille = 0}).coverage(), 0.75);
}

TEST(Score, GradesFromTheCoverageOnThatTheBenchmarkAsks) {
  EXPECT_EQ(ScoreBeside({Unknowable()}, {.provisional_permille = 750}).grade, Grade::kC);
  EXPECT_EQ(ScoreBeside({Unknowable()}, {.provisional_permille = 751}).grade, std::nullopt);
}

TEST(Score, CriticalNeedsAFailOfThatSeverity) {
  World world;
  world.AddProcess(world.AddContainer());
  world.AddControl(Scope::kProcess, kCriticalPrice, {FailsAt(kHighPrice)});
  EXPECT_FALSE(Evaluate(world.snapshot, world.benchmark, {}).containers.at(0).score.critical);
  world.AddControl(Scope::kProcess, kLowPrice,
                   {FailsAt({.severity = Severity::kCritical, .weight = 1})});
  EXPECT_TRUE(Evaluate(world.snapshot, world.benchmark, {}).containers.at(0).score.critical);
}

}  // namespace
}  // namespace hullmark
