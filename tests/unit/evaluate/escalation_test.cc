// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

#include "agent/evaluate/evaluate.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/report.h"
#include "tests/unit/evaluate/world.h"

namespace hullmark {
namespace {

struct Case {
  std::vector<Verdict> control;  // Per task; the control costs 6 points of its own.
  Verdict with;                  // Of the container.
  bool on_unknown = false;
  Price escalated = kCriticalPrice;
};

ContainerReport Judged(const Case& judged) {
  World world;
  const auto container = world.AddContainer();
  for (std::size_t i = 0; i < judged.control.size(); ++i) world.AddProcess(container);
  world.AddControl(Scope::kProcess, kMediumPrice, judged.control).escalation =
      Escalation{.with = "C-1", .on_unknown = judged.on_unknown, .price = judged.escalated};
  world.AddControl(Scope::kContainer, kHighPrice, {judged.with});
  return Evaluate(world.snapshot, world.benchmark, {}).containers.at(0);
}

TEST(Escalation, RaisesSeverityAndPointsWhenTheOtherFails) {
  const ContainerReport report = Judged({.control = {Passes(), FailsBy(500)}, .with = Fails()});
  EXPECT_TRUE(report.findings.at(0).escalated);
  EXPECT_EQ(report.findings.at(0).severity, Severity::kCritical);
  EXPECT_EQ(report.findings.at(0).points, 62500);
  EXPECT_TRUE(report.score.critical);
  EXPECT_FALSE(report.findings.at(1).escalated);
}

TEST(Escalation, DoesNothingWhileTheOtherHolds) {
  for (const Verdict& with : {Passes(), DoesNotApply(), Unknowable()}) {
    const ContainerReport report = Judged({.control = {Fails()}, .with = with});
    EXPECT_FALSE(report.findings.at(0).escalated);
    EXPECT_EQ(report.findings.at(0).points, 6000);
    EXPECT_EQ(report.findings.at(0).severity, Severity::kMedium);
  }
}

TEST(Escalation, CountsAnUnknownOtherWhereTheBenchmarkSaysSo) {
  const ContainerReport report =
      Judged({.control = {Fails()}, .with = Unknowable(), .on_unknown = true});
  EXPECT_TRUE(report.findings.at(0).escalated);
  EXPECT_EQ(report.findings.at(0).points, 125000);
}

TEST(Escalation, LeavesMilderFailsAlone) {
  const ContainerReport report = Judged({.control = {FailsAt(kLowPrice)}, .with = Fails()});
  EXPECT_FALSE(report.findings.at(0).escalated);
  EXPECT_EQ(report.findings.at(0).severity, Severity::kLow);
  EXPECT_EQ(report.findings.at(0).points, 2000);
}

TEST(Escalation, RaisesTheUnknownSoThatIgnoranceIsNotCheaper) {
  const ContainerReport report = Judged({.control = {Unknowable()}, .with = Fails()});
  EXPECT_TRUE(report.findings.at(0).escalated);
  EXPECT_EQ(report.findings.at(0).points, 125000);
  EXPECT_EQ(report.score.weight_applicable, 125 + 25);
  EXPECT_EQ(report.score.weight_known, 25);
}

TEST(Escalation, NeverMarksAPass) {
  const ContainerReport report = Judged({.control = {Passes()}, .with = Fails()});
  EXPECT_FALSE(report.findings.at(0).escalated);
  EXPECT_EQ(report.findings.at(0).points, 0);
}

TEST(Escalation, NeverLowers) {
  const ContainerReport report =
      Judged({.control = {Fails()}, .with = Fails(), .escalated = kLowPrice});
  EXPECT_EQ(report.findings.at(0).points, 6000);
  EXPECT_EQ(report.findings.at(0).severity, Severity::kMedium);
}

TEST(Escalation, ReordersExamplesByThePriceInForce) {
  World world;
  const auto container = world.AddContainer();
  world.AddProcess(container);
  world.AddProcess(container);
  world.AddControl(Scope::kProcess, kMediumPrice, {FailsAt(kHighPrice), Fails()}).escalation =
      Escalation{.with = "C-1", .price = kCriticalPrice};
  world.AddControl(Scope::kContainer, kHighPrice, {Fails()});
  const Report report = Evaluate(world.snapshot, world.benchmark, {.examples = 1});
  EXPECT_EQ(Facts(report, report.containers.at(0).findings.at(0)),
            (std::vector<std::string>{"1 fails"}));
}

}  // namespace
}  // namespace hullmark
