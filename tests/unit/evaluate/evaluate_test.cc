// SPDX-License-Identifier: Apache-2.0
#include "agent/evaluate/evaluate.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"
#include "tests/unit/evaluate/world.h"

namespace hullmark {
namespace {

// What one process control comes to when the tasks of a container say these things.
Finding FindingOf(const std::vector<Verdict>& says, Price price = kHighPrice) {
  World world;
  const auto container = world.AddContainer();
  for (std::size_t i = 0; i < says.size(); ++i) world.AddProcess(container);
  world.AddControl(Scope::kProcess, price, says);
  return Evaluate(world.snapshot, world.benchmark, {}).containers.at(0).findings.at(0);
}

TEST(Evaluate, FailOutranksUnknownOutranksPassOutranksNotApplicable) {
  EXPECT_EQ(FindingOf({DoesNotApply()}).status, Status::kNotApplicable);
  EXPECT_EQ(FindingOf({DoesNotApply(), Passes()}).status, Status::kPass);
  EXPECT_EQ(FindingOf({Unknowable(), Passes(), DoesNotApply()}).status, Status::kUnknown);
  EXPECT_EQ(FindingOf({Passes(), Fails(), Unknowable(), DoesNotApply()}).status, Status::kFail);
}

TEST(Evaluate, OneBadTaskCostsTheWholeAndManyCostNoMore) {
  EXPECT_EQ(FindingOf({Passes(), Fails(), Passes()}).points, 25000);
  EXPECT_EQ(FindingOf({Fails(), Fails(), Fails()}).points, 25000);
  EXPECT_EQ(FindingOf({Passes(), DoesNotApply()}).points, 0);
}

TEST(Evaluate, GradedFailsCostThousandthsAndTheWorstDecides) {
  const Finding finding = FindingOf({FailsBy(125), FailsBy(667), FailsBy(300)});
  EXPECT_EQ(finding.points, 25 * 667);
  EXPECT_EQ(finding.points_known, 25 * 667);
}

TEST(Evaluate, BadnessAboveTheWholeIsTheWhole) {
  EXPECT_EQ(FindingOf({FailsBy(60000)}).points, 25000);
}

TEST(Evaluate, AVerdictsOwnPriceReplacesTheControls) {
  const Finding milder = FindingOf({FailsAt(kLowPrice)});
  EXPECT_EQ(milder.points, 2000);
  EXPECT_EQ(milder.severity, Severity::kLow);
  const Finding both = FindingOf({FailsAt(kLowPrice), Fails()});
  EXPECT_EQ(both.points, 25000);
  EXPECT_EQ(both.severity, Severity::kHigh);
}

TEST(Evaluate, UnknownCostsTheFullPriceButIsNotKnown) {
  const Finding finding = FindingOf({Unknowable(), Passes()});
  EXPECT_EQ(finding.points, 25000);
  EXPECT_EQ(finding.points_known, 0);
  EXPECT_EQ(finding.severity, Severity::kHigh);
}

TEST(Evaluate, AnUnknownTaskBesideAMildFailKeepsItsPrice) {
  const Finding finding = FindingOf({FailsAt(kLowPrice), Unknowable()});
  EXPECT_EQ(finding.status, Status::kFail);
  EXPECT_EQ(finding.severity, Severity::kLow);
  EXPECT_EQ(finding.points, 25000);
  EXPECT_EQ(finding.points_known, 2000);
}

TEST(Evaluate, CountsTheTasksThatDecide) {
  EXPECT_EQ(FindingOf({Fails(), Passes(), Fails(), Unknowable()}).offenders, 2U);
  EXPECT_EQ(FindingOf({Unknowable(), Passes(), Unknowable()}).offenders, 2U);
  EXPECT_EQ(FindingOf({Passes(), Passes(), DoesNotApply()}).offenders, 0U);
}

TEST(Evaluate, JudgesThreadsThatDifferFromTheirLeader) {
  World world;
  const auto process = world.AddProcess(world.AddContainer());
  world.AddThread(process, Pid{300});
  world.AddControl(Scope::kProcess, kHighPrice, {Passes(), Fails()});
  const Report report = Evaluate(world.snapshot, world.benchmark, {});
  EXPECT_EQ(report.containers.at(0).findings.at(0).status, Status::kFail);
}

TEST(Evaluate, ThreadsOfOtherContainersDoNotCount) {
  World world;
  const auto mine = world.AddContainer();
  world.AddProcess(mine);
  const auto other = world.AddProcess(world.AddContainer());
  world.AddThread(other, Pid{300});
  world.AddControl(Scope::kProcess, kHighPrice, {Passes(), Passes(), Fails()});
  const Report report = Evaluate(world.snapshot, world.benchmark, {});
  EXPECT_EQ(report.containers.at(0).findings.at(0).status, Status::kPass);
  EXPECT_EQ(report.containers.at(1).findings.at(0).status, Status::kFail);
}

TEST(Evaluate, NoProcessCheckPassesForThreadsThatWereNotRead) {
  for (const auto& [says, expected] : {std::pair{Passes(), Status::kUnknown},
                                       {DoesNotApply(), Status::kUnknown},
                                       {Fails(), Status::kFail}}) {
    World world;
    const auto process = world.AddProcess(world.AddContainer());
    world.snapshot.processes[static_cast<std::size_t>(process)].threads_unread = 2;
    world.AddControl(Scope::kProcess, kHighPrice, {says});
    const Report report = Evaluate(world.snapshot, world.benchmark, {});
    EXPECT_EQ(report.containers.at(0).findings.at(0).status, expected);
  }
}

TEST(Evaluate, AProcessThatHasEndedCountsWhereItFails) {
  for (const auto& [says, expected] : {std::pair{Fails(), Status::kFail},
                                       {Unknowable(), Status::kPass},
                                       {Passes(), Status::kPass}}) {
    World world;
    const auto container = world.AddContainer();
    world.AddProcess(container);
    world.AddEnded(container, Pid{300});
    world.AddControl(Scope::kProcess, kHighPrice, {Passes(), says});
    const Report report = Evaluate(world.snapshot, world.benchmark, {});
    const Finding& finding = report.containers.at(0).findings.at(0);
    EXPECT_EQ(finding.status, expected);
    EXPECT_EQ(report.containers.at(0).processes, 1U);
    if (expected == Status::kFail)
      EXPECT_EQ(report.evidence.at(finding.evidence_begin).pid, Pid{300});
  }
}

TEST(Evaluate, WhatHasEndedPassesForNobody) {
  World world;
  world.AddEnded(world.AddContainer(), Pid{300});
  world.AddControl(Scope::kProcess, kHighPrice, {Passes(), Passes()});
  const Report report = Evaluate(world.snapshot, world.benchmark, {});
  EXPECT_EQ(report.containers.at(0).findings.at(0).status, Status::kUnknown);
}

TEST(Evaluate, AContainerWithoutMembersIsUnknownWhereverTasksDecide) {
  World world;
  world.AddContainer();
  world.AddControl(Scope::kProcess, kHighPrice, {});
  world.AddControl(Scope::kContainer, kHighPrice, {});
  const Report report = Evaluate(world.snapshot, world.benchmark, {});
  const auto& findings = report.containers.at(0).findings;
  EXPECT_EQ(findings.at(0).status, Status::kUnknown);
  EXPECT_EQ(findings.at(0).points, 25000);
  EXPECT_EQ(findings.at(1).status, Status::kPass);
  EXPECT_FALSE(report.containers.at(0).score.grade);
}

TEST(Evaluate, AsksContainerAndHostControlsOnceInTheirPlaces) {
  World world;
  const auto first = world.AddContainer();
  const auto second = world.AddContainer();
  world.AddProcess(first);
  world.AddProcess(second);
  world.AddProcess(second);
  world.AddControl(Scope::kHost, kHighPrice, {Fails()});
  world.AddControl(Scope::kContainer, kMediumPrice, {Passes(), Fails()});
  const Report report = Evaluate(world.snapshot, world.benchmark, {});
  ASSERT_EQ(report.host.findings.size(), 1U);
  EXPECT_EQ(report.host.findings[0].control, 0);
  EXPECT_EQ(report.host.findings[0].status, Status::kFail);
  EXPECT_EQ(report.host.score.exposure, 25000);
  ASSERT_EQ(report.containers.at(1).findings.size(), 1U);
  EXPECT_EQ(report.containers[1].findings[0].control, 1);
  EXPECT_EQ(report.containers[1].findings[0].offenders, 1U);
  EXPECT_EQ(report.containers[1].score.exposure, 6000);
  EXPECT_EQ(report.containers[0].score.exposure, 0);
}

TEST(Evaluate, CountsProcessesAndThreads) {
  World world;
  const auto container = world.AddContainer();
  const auto readable = world.AddProcess(container);
  world.snapshot.processes[0].leader.status = ProcStatus{};
  world.snapshot.processes[0].leader.status->threads = 7;
  world.AddThread(readable, Pid{300});
  const auto unreadable = world.AddProcess(container);
  world.AddThread(unreadable, Pid{301});
  world.snapshot.processes[1].threads_unread = 2;
  const Report report = Evaluate(world.snapshot, world.benchmark, {});
  EXPECT_EQ(report.containers.at(0).processes, 2U);
  EXPECT_EQ(report.containers.at(0).threads, 7U + 4U);
}

std::vector<std::uint32_t> SelectedBy(const World& world, const EvaluateOptions& options) {
  std::vector<std::uint32_t> selected;
  for (const auto& container : Evaluate(world.snapshot, world.benchmark, options).containers) {
    selected.push_back(container.container);
  }
  return selected;
}

TEST(Evaluate, SelectsByNameFullIdAndShortId) {
  World world;
  world.AddContainer("web-1", "0123456789abcdef0123");
  world.AddContainer("web-2", "fedcba9876543210fedc");
  world.AddContainer("db", "00aa");
  using Selected = std::vector<std::uint32_t>;
  EXPECT_EQ(SelectedBy(world, {}), (Selected{0, 1, 2}));
  EXPECT_EQ(SelectedBy(world, {.select = {Glob("web-*")}}), (Selected{0, 1}));
  EXPECT_EQ(SelectedBy(world, {.select = {Glob("0123456789ab")}}), (Selected{0}));
  EXPECT_EQ(SelectedBy(world, {.select = {Glob("fedcba9876543210fedc")}}), (Selected{1}));
  EXPECT_EQ(SelectedBy(world, {.select = {Glob("00aa"), Glob("web-2")}}), (Selected{1, 2}));
  EXPECT_EQ(SelectedBy(world, {.select = {Glob("0123456789abc")}}), (Selected{}));
}

TEST(Evaluate, JudgesOnlyTheClassesAskedFor) {
  World world;
  for (const auto kind : {ContainerClass::kPause, ContainerClass::kContainer, ContainerClass::kVm,
                          ContainerClass::kService}) {
    world.snapshot.containers[world.AddContainer()].container_class = kind;
  }
  using Selected = std::vector<std::uint32_t>;
  EXPECT_EQ(SelectedBy(world, {}), (Selected{1, 2}));
  EXPECT_EQ(SelectedBy(world, {.classes = {ContainerClass::kPause}}), (Selected{0}));
  EXPECT_EQ(SelectedBy(world, {.classes = {}}), (Selected{}));
}

TEST(Evaluate, JudgesAtTheSnapshotsTimeUnlessTold) {
  World world;
  world.snapshot.taken_at = Timestamp{1000};
  EXPECT_EQ(Evaluate(world.snapshot, world.benchmark, {}).judged_at, Timestamp{1000});
  EXPECT_EQ(Evaluate(world.snapshot, world.benchmark, {.at = Timestamp{7}}).judged_at,
            Timestamp{7});
}

TEST(Evaluate, SummaryCountsContainersFindingsAndTheWorst) {
  World world;
  for (int i = 0; i < 4; ++i) world.AddProcess(world.AddContainer());
  world.snapshot.containers[3].container_class = ContainerClass::kVm;
  world.AddControl(Scope::kProcess, kHighPrice, {Passes(), Fails(), Fails(), Unknowable()});
  world.AddControl(Scope::kContainer, kLowPrice, {Fails(), Fails(), Fails(), DoesNotApply()});
  world.AddControl(Scope::kHost, kCriticalPrice, {Fails()});
  const Summary summary = Evaluate(world.snapshot, world.benchmark, {}).summary;
  EXPECT_EQ(summary.containers, 4U);
  EXPECT_EQ(summary.by_class, (std::array<std::uint32_t, 5>{3, 0, 0, 0, 1}));
  EXPECT_EQ(summary.by_grade, (std::array<std::uint32_t, kGrades>{1, 0, 2, 0, 0}));
  EXPECT_EQ(summary.without_grade, 1U);
  EXPECT_EQ(summary.by_status, (std::array<std::uint32_t, kStatuses>{1, 5, 1, 1, 0, 0}));
  EXPECT_EQ(summary.by_severity, (std::array<std::uint32_t, kSeverities>{0, 3, 0, 2, 0}));
  EXPECT_EQ(summary.worst, 1U);
  EXPECT_EQ(summary.weight_applicable, 3 * 27 + 25 + 125);
  EXPECT_EQ(summary.weight_known, 3 * 27 + 125);
}

TEST(Evaluate, AnEmptyHostHasNoWorst) {
  const World world;
  const Report report = Evaluate(world.snapshot, world.benchmark, {});
  EXPECT_FALSE(report.summary.worst);
  EXPECT_TRUE(report.containers.empty());
}

}  // namespace
}  // namespace hullmark
