// SPDX-License-Identifier: Apache-2.0
#include "agent/evaluate/known_tables.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "agent/evaluate/known_state.h"
#include "hullmark/benchmark.h"
#include "hullmark/ids.h"

namespace hullmark {
namespace {

Benchmark BenchmarkOf(const std::vector<std::string>& ids) {
  Benchmark benchmark;
  for (const std::string& id : ids) benchmark.controls.emplace_back().id = id;
  return benchmark;
}

TEST(KnownTables, RecordsFollowTheirControlsIntoAnotherBenchmark) {
  KnownState state;
  state.controls = {"A", "B", "C"};
  state.judged = 2;
  state.host.controls = {{.control = 0}, {.control = 1}, {.control = 2}};
  const auto were_judged = TakeControls(state, BenchmarkOf({"C", "B"}));
  EXPECT_EQ(state.controls, (std::vector<std::string>{"C", "B", "A"}));
  EXPECT_EQ(state.judged, 2U);
  EXPECT_EQ(were_judged, (std::vector<bool>{false, true}));
  EXPECT_EQ(FindControl(state.host, 2)->control, 2);
  state.host.controls = {{.control = 1}};
  DropControls(state);
  EXPECT_EQ(state.controls, (std::vector<std::string>{"C", "B"}));
  EXPECT_EQ(TakeControls(state, BenchmarkOf({"C", "B"})), (std::vector<bool>{true, true}));
}

TEST(KnownTables, WhatNobodyNamesIsDropped) {
  KnownState state;
  state.controls = {"X", "A", "B"};
  state.judged = 1;
  state.containers.emplace_back().subject.controls = {{.control = 2}};
  DropControls(state);
  EXPECT_EQ(state.controls, (std::vector<std::string>{"X", "B"}));
  EXPECT_EQ(state.containers[0].subject.controls[0].control, 1);
}

TEST(KnownTables, ATextStandsOnce) {
  KnownState state;
  state.texts = {"old", "held"};
  KnownTexts texts(state);
  const std::uint32_t fresh = texts.Keep("new");
  EXPECT_EQ(texts.Keep("held"), 1U);
  EXPECT_EQ(texts.Keep("new"), fresh);
  state.host.controls = {{.control = 0, .failure = LastFailure{.evidence = fresh}},
                         {.control = 1, .failure = LastFailure{.evidence = 1}},
                         {.control = 2}};
  DropTexts(state);
  EXPECT_EQ(state.texts, (std::deque<std::string>{"new", "held"}));
  EXPECT_EQ(state.host.controls[0].failure->evidence, 0U);
  EXPECT_EQ(state.host.controls[1].failure->evidence, 1U);
}

TEST(KnownTables, AListOfOffendersStandsOnce) {
  const Offender a = {.pid = Pid{1}, .start = BootTicks{1}};
  const Offender b = {.pid = Pid{2}, .start = BootTicks{2}};
  KnownSubject subject;
  LastFailure both;
  LastFailure second;
  LastFailure none;
  KeepOffenders(subject, std::vector{a, b}, both);
  KeepOffenders(subject, std::vector{b}, second);
  KeepOffenders(subject, {}, none);
  EXPECT_EQ(subject.offenders, (std::vector{a, b}));
  EXPECT_EQ(second.offenders_begin, 1U);
  EXPECT_EQ(second.offenders_end, 2U);
  EXPECT_EQ(none.offenders_begin, none.offenders_end);
  subject.controls = {{.control = 0, .failure = second}, {.control = 1, .failure = none}};
  DropOffenders(subject);
  EXPECT_EQ(subject.offenders, std::vector{b});
  EXPECT_EQ(subject.controls[0].failure->offenders_begin, 0U);
}

TEST(KnownTables, TooManyOffendersAreLeftOut) {
  KnownSubject subject;
  subject.offenders.resize(65'535);
  LastFailure failure;
  KeepOffenders(subject, std::vector<Offender>{{.pid = Pid{1}}}, failure);
  EXPECT_EQ(subject.offenders.size(), 65'535U);
  EXPECT_EQ(failure.offenders_begin, failure.offenders_end);
}

}  // namespace
}  // namespace hullmark
