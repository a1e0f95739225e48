// SPDX-License-Identifier: Apache-2.0
#include "hullmark/waiver.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/evaluate/evaluate.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"
#include "hullmark/selector.h"
#include "hullmark/snapshot.h"
#include "tests/unit/evaluate/world.h"

namespace hullmark {
namespace {

constexpr std::int64_t kDay = std::int64_t{24} * 3600 * 1'000'000'000;
constexpr Timestamp kNow{1'000 * kDay};

Waiver For(const char* control, std::int64_t days = 100) {
  return {.control = Glob(control), .expires = Timestamp{(1'000 + days) * kDay}};
}

// "web", with one process, whom root's claim names.
World OneContainer() {
  World world;
  world.snapshot.taken_at = kNow;
  world.AddProcess(world.AddContainer("web"));
  world.snapshot.containers[0].claims = Claims{.trust = Trust::kRoot};
  return world;
}

Report Judge(const World& world, const std::vector<Waiver>& waivers,
             std::optional<Timestamp> at = std::nullopt) {
  return Evaluate(world.snapshot, world.benchmark, {.at = at, .waivers = waivers});
}

const Finding& First(const Report& report) { return report.containers.at(0).findings.at(0); }

TEST(WaiverTest, AFailThatIsCoveredIsWaived) {
  World world = OneContainer();
  world.AddControl(Scope::kProcess, kHighPrice, {Fails()});
  world.AddControl(Scope::kProcess, kMediumPrice, {Fails()});
  const Report report = Judge(world, {For("C-0")});
  EXPECT_EQ(First(report).status, Status::kWaived);
  EXPECT_EQ(First(report).waiver, 0U);
  EXPECT_EQ(First(report).points, 25'000);
  EXPECT_EQ(First(report).offenders, 1U);
  EXPECT_EQ(Facts(report, First(report)), std::vector<std::string>{"0 fails"});
  const Score& score = report.containers[0].score;
  EXPECT_EQ(score.exposure, 6'000);
  EXPECT_EQ(score.exposure_known, 6'000);
  EXPECT_EQ(score.exposure_unwaived, 31'000);
  EXPECT_EQ(score.grade, Grade::kA);
  EXPECT_EQ(score.weight_known, 31);
  EXPECT_EQ(report.summary.by_status[4], 1U);
  EXPECT_EQ(report.summary.by_severity[3], 0U);
  ASSERT_EQ(report.waivers.size(), 1U);
  EXPECT_EQ(report.waivers[0].state, WaiverState::kActive);
  EXPECT_EQ(report.waivers[0].findings, 1U);
}

TEST(WaiverTest, OnlyFailsAreWaived) {
  for (const Verdict verdict : {Passes(), Unknowable(), DoesNotApply()}) {
    World world = OneContainer();
    world.AddControl(Scope::kProcess, kHighPrice, {verdict});
    const Report with = Judge(world, {For("*")});
    const Report without = Judge(world, {});
    EXPECT_EQ(First(with).status, First(without).status);
    EXPECT_EQ(with.containers[0].score.exposure, without.containers[0].score.exposure);
    EXPECT_EQ(with.waivers[0].state, WaiverState::kUnused);
  }
}

TEST(WaiverTest, AFailBesideADearerUnknownIsNot) {
  World world = OneContainer();
  world.AddProcess(0);
  world.AddControl(Scope::kProcess, kHighPrice, {FailsAt(kLowPrice), Unknowable()});
  EXPECT_EQ(First(Judge(world, {For("*")})).status, Status::kFail);
  world.benchmark.controls.clear();
  world.AddControl(Scope::kProcess, kHighPrice, {Fails(), Unknowable()});
  EXPECT_EQ(First(Judge(world, {For("*")})).status, Status::kWaived);
}

TEST(WaiverTest, WhatIsCriticalWantsToBeAllowed) {
  World by_control = OneContainer();
  by_control.AddControl(Scope::kProcess, kCriticalPrice, {FailsAt(kLowPrice)});
  World by_finding = OneContainer();
  by_finding.AddControl(Scope::kProcess, kLowPrice, {FailsAt(kCriticalPrice)});
  Waiver bold = For("*");
  bold.allow_critical = true;
  for (const World* world : {&by_control, &by_finding}) {
    const Report meek = Judge(*world, {For("*")});
    EXPECT_EQ(First(meek).status, Status::kFail);
    EXPECT_EQ(meek.waivers[0].state, WaiverState::kUnused);
    EXPECT_EQ(First(Judge(*world, {bold})).status, Status::kWaived);
  }
  EXPECT_TRUE(Judge(by_finding, {}).containers[0].score.critical);
  EXPECT_FALSE(Judge(by_finding, {bold}).containers[0].score.critical);
}

TEST(WaiverTest, AnExpiredOneIsNone) {
  World world = OneContainer();
  world.AddControl(Scope::kProcess, kHighPrice, {Fails()});
  const Report expired = Judge(world, {For("C-0", 0)});
  EXPECT_EQ(First(expired).status, Status::kFail);
  EXPECT_EQ(expired.waivers[0].state, WaiverState::kExpired);
  EXPECT_EQ(expired.waivers[0].findings, 1U);
  const Report earlier = Judge(world, {For("C-0", 0)}, Timestamp{1'000 * kDay - 1});
  EXPECT_EQ(First(earlier).status, Status::kWaived);
  EXPECT_EQ(earlier.waivers[0].state, WaiverState::kExpiring);
  const Report both = Judge(world, {For("C-0", 0), For("C-0")});
  EXPECT_EQ(First(both).waiver, 1U);
}

TEST(WaiverTest, FourteenDaysAreAnnounced) {
  World world = OneContainer();
  world.AddControl(Scope::kProcess, kHighPrice, {Fails()});
  const Report report = Judge(world, {For("C-0", 14), For("C-0", 15), For("C-1", 1)});
  EXPECT_EQ(report.waivers[0].state, WaiverState::kExpiring);
  EXPECT_EQ(report.waivers[1].state, WaiverState::kActive);
  EXPECT_EQ(report.waivers[1].findings, 1U) << "covered twice is counted twice";
  EXPECT_EQ(report.waivers[2].state, WaiverState::kUnused);
}

TEST(WaiverTest, ASelectorIsAskedWithSuspicion) {
  World world = OneContainer();
  world.AddControl(Scope::kProcess, kHighPrice, {Fails()});
  Waiver waiver = For("C-0");
  waiver.select.name = {Glob("web")};
  EXPECT_EQ(First(Judge(world, {waiver})).status, Status::kWaived);
  world.snapshot.containers[0].claims->trust = Trust::kUser;
  EXPECT_EQ(First(Judge(world, {waiver})).status, Status::kFail);
}

TEST(WaiverTest, TheHostIsCoveredByWhatSelectsEverything) {
  World world = OneContainer();
  world.AddControl(Scope::kHost, kHighPrice, {Fails()});
  Waiver some = For("C-0");
  some.select.name = {Glob("*")};
  EXPECT_EQ(Judge(world, {some}).host.findings[0].status, Status::kFail);
  const Report report = Judge(world, {For("C-0")});
  EXPECT_EQ(report.host.findings[0].status, Status::kWaived);
  EXPECT_EQ(report.host.score.exposure, 0);
  EXPECT_EQ(report.host.score.exposure_unwaived, 25'000);
}

TEST(WaiverTest, AWaivedRaiserStillRaises) {
  World world = OneContainer();
  world.AddControl(Scope::kProcess, kMediumPrice, {Fails()});
  Control& raised = world.AddControl(Scope::kProcess, kLowPrice, {Fails()});
  raised.escalation = Escalation{.with = "C-0", .price = kHighPrice};
  const Report report = Judge(world, {For("C-0")});
  EXPECT_TRUE(report.containers[0].findings[1].escalated);
  EXPECT_EQ(report.containers[0].score.exposure, 25'000);
  EXPECT_EQ(report.containers[0].score.exposure_unwaived, 31'000);
}

TEST(WaiverTest, WhoIsNotAskedForMakesNoWaiverUnused) {
  World world = OneContainer();
  world.AddContainer("other");
  world.AddControl(Scope::kContainer, kHighPrice, {Fails()});
  Waiver waiver = For("C-0");
  waiver.select.name = {Glob("web")};
  const std::vector<Waiver> waivers = {waiver, For("C-9")};
  EvaluateOptions options = {.select = {Glob("other")}, .waivers = waivers};
  EXPECT_EQ(Evaluate(world.snapshot, world.benchmark, options).waivers[0].state,
            WaiverState::kActive);
  options.classes = {ContainerClass::kPause};
  EXPECT_EQ(Evaluate(world.snapshot, world.benchmark, options).waivers[0].state,
            WaiverState::kUnused);
}

TEST(DisabledTest, AControlThatIsOffIsReported) {
  World world = OneContainer();
  world.AddControl(Scope::kProcess, kHighPrice, {Fails()}).disabled = "judged elsewhere";
  world.AddControl(Scope::kProcess, kLowPrice, {Fails()}).escalation =
      Escalation{.with = "C-0", .price = kCriticalPrice};
  const Report report = Judge(world, {For("*")});
  EXPECT_EQ(First(report).status, Status::kManual);
  EXPECT_EQ(report.strings[First(report).note],
            "switched off by the site's overrides: judged elsewhere");
  EXPECT_TRUE(Facts(report, First(report)).empty());
  EXPECT_EQ(First(report).points, 0);
  const Score& score = report.containers[0].score;
  EXPECT_EQ(score.exposure_unwaived, 2'000);
  EXPECT_EQ(score.weight_applicable, 2);
}

}  // namespace
}  // namespace hullmark
