// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "agent/evaluate/evaluate.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"
#include "tests/unit/evaluate/world.h"

namespace hullmark {
namespace {

using Lines = std::vector<std::string>;

Lines FactsOf(const std::vector<Verdict>& says, std::uint32_t examples) {
  World world;
  const auto container = world.AddContainer();
  for (std::size_t i = 0; i < says.size(); ++i) world.AddProcess(container);
  world.AddControl(Scope::kProcess, kHighPrice, says);
  const Report report = Evaluate(world.snapshot, world.benchmark, {.examples = examples});
  return Facts(report, report.containers.at(0).findings.at(0));
}

TEST(Evidence, CostlierFailsDisplaceCheaperOnes) {
  const std::vector<Verdict> says = {FailsBy(100), FailsBy(500), Passes(), FailsBy(900),
                                     FailsBy(500)};
  EXPECT_EQ(FactsOf(says, 1), (Lines{"3 fails"}));
  EXPECT_EQ(FactsOf(says, 3), (Lines{"3 fails", "1 fails", "4 fails"}));
  EXPECT_EQ(FactsOf(says, 9), (Lines{"3 fails", "1 fails", "4 fails", "0 fails"}));
  EXPECT_EQ(FactsOf(says, 0), Lines{});
}

TEST(Evidence, UnknownsAreShownWhereNothingFails) {
  EXPECT_EQ(FactsOf({Passes(), Unknowable(), Unknowable(), Unknowable()}, 2),
            (Lines{"1 is unknown", "2 is unknown"}));
  EXPECT_EQ(FactsOf({Fails(), Unknowable()}, 3), (Lines{"0 fails"}));
}

TEST(Evidence, AnUnknownThatMakesThePriceIsShownBesideTheWorstFail) {
  EXPECT_EQ(FactsOf({FailsAt(kLowPrice), FailsAt(kLowPrice), Unknowable(), Unknowable()}, 2),
            (Lines{"0 fails", "2 is unknown"}));
  EXPECT_EQ(FactsOf({FailsAt(kLowPrice), Unknowable()}, 1), (Lines{"0 fails"}));
  EXPECT_EQ(FactsOf({FailsAt(kLowPrice), Unknowable()}, 0), Lines{});
}

TEST(Evidence, PassesHaveNone) { EXPECT_EQ(FactsOf({Passes(), DoesNotApply()}, 3), Lines{}); }

TEST(Evidence, NamesTheFileOfTheTask) {
  World world;
  const auto process = world.AddProcess(world.AddContainer());
  world.AddThread(process, Pid{300});
  world.AddControl(Scope::kProcess, kHighPrice, {Fails(), Fails()});
  const Report report = Evaluate(world.snapshot, world.benchmark, {});
  EXPECT_EQ(Sources(report, report.containers.at(0).findings.at(0)),
            (Lines{"/proc/100/status", "/proc/100/task/300/status"}));
  EXPECT_EQ(report.evidence.at(0).pid, Pid{100});
  EXPECT_FALSE(report.evidence.at(0).tid);
  EXPECT_EQ(report.evidence.at(1).pid, Pid{100});
  EXPECT_EQ(report.evidence.at(1).tid, Pid{300});
}

TEST(Evidence, NamesEachTaskOfARunThatIsJudgedOnce) {
  World world;
  const auto container = world.AddContainer();
  for (int i = 0; i < 5; ++i) world.AddProcess(container);
  for (std::size_t i = 1; i < 4; ++i) {
    world.snapshot.processes[i].leader = world.snapshot.processes[0].leader;
  }
  world.AddControl(Scope::kProcess, kHighPrice, {Fails(), Passes(), Passes(), Passes(), Fails()});
  world.AddControl(Scope::kProcess, kHighPrice, {Unknowable()});
  const Report report = Evaluate(world.snapshot, world.benchmark, {.examples = 3});
  const std::vector<Finding>& findings = report.containers.at(0).findings;
  EXPECT_EQ(findings.at(0).offenders, 5U);
  EXPECT_EQ(findings.at(1).offenders, 4U);
  for (const Finding& finding : findings) {
    EXPECT_EQ(Sources(report, finding),
              (Lines{"/proc/100/status", "/proc/101/status", "/proc/102/status"}));
  }
}

TEST(Evidence, KeepsFullPathsAndConclusions) {
  World world;
  world.AddContainer();
  world.AddControl(Scope::kContainer, kHighPrice, {Fails()});
  world.AddControl(Scope::kHost, kHighPrice, {Unknowable()});
  const Report report = Evaluate(world.snapshot, world.benchmark, {});
  EXPECT_EQ(Sources(report, report.containers.at(0).findings.at(0)),
            (Lines{"/sys/fs/cgroup/memory.max"}));
  EXPECT_EQ(Sources(report, report.host.findings.at(0)), (Lines{""}));
  for (const auto& evidence : report.evidence) EXPECT_FALSE(evidence.pid);
}

Verdict BlamesPid7(const TaskView& /*view*/, const Params& /*params*/, EvidenceOut evidence) {
  if (evidence != nullptr) {
    evidence->push_back({.pid = Pid{7}, .source = "status", .fact = "differs", .error_number = 13});
    evidence->push_back({.fact = "as a whole"});
  }
  return {.outcome = Outcome::kFail};
}

TEST(Evidence, KeepsThePidThatACheckNamesAndEveryLineWithinTheLimit) {
  const Check check = {.id = "BLAMES", .evaluate = ProcessCheck{BlamesPid7}, .params = {}};
  World world;
  const auto container = world.AddContainer();
  world.AddProcess(container);
  world.AddProcess(container);
  world.AddControl(Scope::kProcess, kHighPrice, {}).check = &check;
  const Report report = Evaluate(world.snapshot, world.benchmark, {.examples = 3});
  EXPECT_EQ(Sources(report, report.containers.at(0).findings.at(0)),
            (Lines{"/proc/7/status", "", "/proc/7/status"}));
  EXPECT_EQ(report.evidence.at(0).pid, Pid{7});
  EXPECT_EQ(report.evidence.at(0).error_number, 13);
  EXPECT_EQ(report.evidence.at(1).pid, Pid{100});
}

Verdict BlamesInit(const ContainerView& /*view*/, const Params& /*params*/, EvidenceOut evidence) {
  if (evidence != nullptr) evidence->push_back({.source = "mountinfo", .fact = "/ is writable"});
  return {.outcome = Outcome::kFail};
}

TEST(Evidence, AFileThatAContainerCheckNamesIsItsInits) {
  const Check check = {.id = "BLAMES", .evaluate = ContainerCheck{BlamesInit}, .params = {}};
  World world;
  world.AddContainer();
  world.AddControl(Scope::kContainer, kHighPrice, {}).check = &check;
  const Report without = Evaluate(world.snapshot, world.benchmark, {});
  EXPECT_EQ(Sources(without, without.containers.at(0).findings.at(0)), (Lines{"mountinfo"}));
  world.snapshot.containers[0].init = world.AddProcess(0);
  const Report with = Evaluate(world.snapshot, world.benchmark, {});
  EXPECT_EQ(Sources(with, with.containers.at(0).findings.at(0)), (Lines{"/proc/100/mountinfo"}));
  EXPECT_EQ(with.evidence.at(0).pid, Pid{100});
}

TEST(Evidence, SaysWhatWasNotRead) {
  World world;
  const auto process = world.AddProcess(world.AddContainer());
  world.snapshot.processes[static_cast<std::size_t>(process)].threads_unread = 2;
  world.AddContainer();
  world.AddControl(Scope::kProcess, kHighPrice, {});
  const Report report = Evaluate(world.snapshot, world.benchmark, {});
  const Finding& threads = report.containers.at(0).findings.at(0);
  EXPECT_EQ(Facts(report, threads), (Lines{"2 threads could not be read"}));
  EXPECT_EQ(Sources(report, threads), (Lines{"/proc/100/task"}));
  const Finding& empty = report.containers.at(1).findings.at(0);
  EXPECT_EQ(Facts(report, empty), (Lines{"no process of the container could be read"}));
  EXPECT_EQ(Sources(report, empty), (Lines{""}));
}

std::string NoteOf(const std::vector<Verdict>& says) {
  World world;
  const auto container = world.AddContainer();
  for (std::size_t i = 0; i < says.size(); ++i) world.AddProcess(container);
  world.AddControl(Scope::kProcess, kHighPrice, says);
  const Report report = Evaluate(world.snapshot, world.benchmark, {});
  return std::string(report.strings[report.containers.at(0).findings.at(0).note]);
}

TEST(Evidence, TheNoteIsOfTheDecidingVerdict) {
  EXPECT_EQ(NoteOf({Passes(), Passes("by the map")}), "by the map");
  Verdict mild = FailsAt(kLowPrice);
  mild.note = "in a user namespace";
  EXPECT_EQ(NoteOf({Passes("by the map"), mild}), "in a user namespace");
  EXPECT_EQ(NoteOf({mild, Fails()}), "");
  EXPECT_EQ(NoteOf({Fails("at full price"), mild}), "at full price");
}

}  // namespace
}  // namespace hullmark
