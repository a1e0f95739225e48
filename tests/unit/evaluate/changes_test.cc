// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/evaluate/known_state.h"
#include "hullmark/check.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"
#include "tests/unit/evaluate/changes_world.h"
#include "tests/unit/evaluate/world.h"

namespace hullmark {
namespace {

using Said = std::vector<std::string>;

// One container; C-0 is its process', C-1 its own, C-2 the host's.
ActedScene One(Verdict process, Verdict container = Passes()) {
  return {.containers = {{.processes = {{.says = {{0, process}}}}, .says = {{1, container}}}}};
}

// Its runtime has not written down what it is called.
ActedScene Unnamed(ActedScene scene) {
  scene.containers[0].named = false;
  return scene;
}

// The container lives on, a job in it comes and goes.
ActedScene WithJob(Verdict job, int pid = 7, std::uint64_t start = 70) {
  ActedScene scene = One(Passes());
  scene.containers[0].processes.push_back({.pid = pid, .start = start, .says = {{0, job}}});
  return scene;
}

Watch Watching(const ActedScene& scene, int debounce = 2) {
  Watch watch = {.options = {.debounce = debounce}};
  for (int i = 0; i < debounce; ++i) watch.See(scene);
  return watch;
}

const KnownControl& Known(const Watch& watch, std::string_view control) {
  const auto place = std::ranges::find(watch.state.controls, control);
  const auto number = static_cast<std::uint16_t>(place - watch.state.controls.begin());
  return *FindControl(watch.state.containers.at(0).subject, number);
}

TEST(ChangesTest, AViolationIsAnnouncedWhenScansAgree) {
  Watch watch;
  EXPECT_EQ(Lines(watch.See(One(Fails()))), Said{"container_appeared web"});
  EXPECT_EQ(Lines(watch.See(One(Fails()))), Said{"violation_appeared web C-0 high"});
  EXPECT_EQ(Lines(watch.See(One(Fails()))), Said{});
  EXPECT_FALSE(watch.moved);
  EXPECT_EQ(Lines(watch.See(One(Passes()))), Said{});
  EXPECT_TRUE(watch.moved);
  EXPECT_EQ(Lines(watch.See(One(Passes()))),
            (Said{"violation_resolved web C-0 high", "grade_changed web C -> A"}));
  EXPECT_TRUE(watch.state.containers.at(0).subject.controls.empty());
}

// No later scan can bear it out.
TEST(ChangesTest, WhatAProcessDidThatHasEndedIsAnnouncedAtOnce) {
  Watch watch = Watching(One(Passes()));
  ActedScene scene = WithJob(Fails());
  scene.containers[0].processes.back().ended = true;
  EXPECT_EQ(Lines(watch.See(scene)), Said{"violation_appeared web C-0 high"});
  Said later;
  for (int scans = 0; scans < 50; ++scans) {
    for (const std::string& line : Lines(watch.See(One(Passes())))) later.push_back(line);
  }
  EXPECT_EQ(later, (Said{"grade_changed web A -> C", "violation_resolved web C-0 high",
                         "grade_changed web C -> A"}));
}

TEST(ChangesTest, WithoutDebounceTheFirstScanAnnounces) {
  Watch watch = {.options = {.debounce = 1}};
  EXPECT_EQ(Lines(watch.See(One(Fails()))),
            (Said{"container_appeared web", "violation_appeared web C-0 high"}));
  EXPECT_EQ(Lines(watch.See(One(Passes()))),
            (Said{"violation_resolved web C-0 high", "grade_changed web C -> A"}));
}

TEST(ChangesTest, WhatFlapsIsNotAnnounced) {
  Watch watch = Watching(One(Passes()));
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(Lines(watch.See(One(Passes(), i % 2 == 0 ? Fails() : Passes()))), Said{});
  }
}

TEST(ChangesTest, EventsNameWhatTheySpeakOf) {
  Watch watch = {.options = {.debounce = 1}};
  const auto events = watch.See(One(Fails()));
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].id, 1U);
  EXPECT_EQ(events[1].id, 2U);
  EXPECT_EQ(events[1].at, Timestamp{watch.now});
  EXPECT_EQ(events[1].name, "web");
  EXPECT_EQ(events[1].title, "Processes behave");
  EXPECT_EQ(events[1].evidence, "0 fails");
  EXPECT_EQ(events[1].exposure, 25'000);
  EXPECT_EQ(events[1].grade, Grade::kC);
  EXPECT_EQ(watch.See(One(Passes())).at(0).evidence, "0 fails");
}

TEST(ChangesTest, ASeverityThatMovesIsAnnouncedOnce) {
  Watch watch = Watching(One(Fails()));
  EXPECT_EQ(Lines(watch.See(One(FailsAt(kCriticalPrice)))), Said{});
  EXPECT_EQ(Lines(watch.See(One(FailsAt(kLowPrice)))),
            (Said{"violation_changed web C-0 high -> low", "grade_changed web C -> A"}));
  EXPECT_EQ(Lines(watch.See(One(FailsAt(kLowPrice)))), Said{});
}

TEST(ChangesTest, AMovingSeverityDoesNotHideAViolation) {
  Watch watch = Watching(One(Passes()));
  watch.See(One(Fails()));
  EXPECT_EQ(Lines(watch.See(One(FailsAt(kLowPrice)))).at(0), "violation_appeared web C-0 low");
}

TEST(ChangesTest, WhatFailedAndCannotBeReadStaysFailing) {
  Watch watch = Watching(One(Fails()));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(Lines(watch.See(One(Unknowable()))).size(), i == 1);
  EXPECT_TRUE(Known(watch, "C-0").stale);
  EXPECT_EQ(Known(watch, "C-0").standing, Standing::kFailing);
  watch.See(One(Passes()));
  EXPECT_EQ(Lines(watch.See(One(Passes()))).at(0), "violation_resolved web C-0 high");
}

TEST(ChangesTest, HidingAfterTheFirstScanDoesNotHelp) {
  Watch watch = Watching(One(Passes()));
  watch.See(One(Fails()));
  EXPECT_EQ(Lines(watch.See(One(Unknowable()))).at(0), "violation_appeared web C-0 high");
}

TEST(ChangesTest, AControlBecomesUnknownOnlyIfItWasKnown) {
  Watch watch = Watching(One(Passes(), Unknowable()));
  EXPECT_EQ(Lines(watch.See(One(Unknowable(), Unknowable()))), Said{});
  const auto events = watch.See(One(Unknowable(), Unknowable()));
  EXPECT_EQ(Lines(events).at(0), "control_unknown web C-0 high");
  EXPECT_EQ(events.at(0).evidence, "0 is unknown");
  watch.See(One(Passes(), Passes()));
  EXPECT_EQ(Lines(watch.See(One(Passes(), Passes()))), Said{"grade_changed web none -> A"});
}

TEST(ChangesTest, AJobThatIsGoneIsHeldForTenMinutes) {
  Watch watch = Watching(WithJob(Fails()));
  const int scans = static_cast<int>(600 * kSecond / kScanInterval);
  for (int i = 1; i < scans; ++i) ASSERT_EQ(Lines(watch.See(One(Passes()))), Said{}) << i;
  EXPECT_TRUE(Known(watch, "C-0").recent);
  EXPECT_EQ(Lines(watch.See(One(Passes()))).at(0), "violation_resolved web C-0 high");
}

TEST(ChangesTest, AJobThatComesBackIsOneViolation) {
  Watch watch;
  Said said;
  for (int i = 0; i < 200; ++i) {
    for (auto& line : Lines(watch.See(i % 10 == 0 ? WithJob(Fails(), 7 + i) : One(Passes())))) {
      said.push_back(std::move(line));
    }
  }
  EXPECT_EQ(said, (Said{"container_appeared web", "violation_appeared web C-0 high"}));
}

TEST(ChangesTest, AProcessThatMendsItselfIsNotHeld) {
  Watch watch = Watching(WithJob(Fails()));
  watch.See(WithJob(Passes()));
  EXPECT_EQ(Lines(watch.See(WithJob(Passes()))).at(0), "violation_resolved web C-0 high");
}

TEST(ChangesTest, AnotherProcessWithThePidIsNotTheOneThatFailed) {
  Watch watch = Watching(WithJob(Fails()));
  watch.See(WithJob(Passes(), 7, 71));
  EXPECT_EQ(Lines(watch.See(WithJob(Passes(), 7, 71))), Said{});
}

TEST(ChangesTest, AClockThatIsSetBackHoldsNoLonger) {
  Watch watch = Watching(WithJob(Fails()));
  watch.now -= 100'000 * kSecond;
  for (int i = 0; i < 41; ++i) watch.See(One(Passes()));
  EXPECT_TRUE(watch.state.containers.at(0).subject.controls.empty());
}

TEST(ChangesTest, AClockThatIsSetForwardEndsNoHold) {
  Watch watch = Watching(WithJob(Fails()));
  watch.See(One(Passes()));
  watch.now += 3'600 * kSecond;
  for (int i = 0; i < 10; ++i) ASSERT_EQ(Lines(watch.See(One(Passes()))), Said{}) << i;
  watch.now += 3'600 * kSecond;
  EXPECT_EQ(Lines(watch.See(One(Passes()))).at(0), "violation_resolved web C-0 high");
}

TEST(ChangesTest, AContainerThatIsGoneResolvesAtOnce) {
  Watch watch = Watching(WithJob(Fails()));
  EXPECT_EQ(Lines(watch.See({})), (Said{"violation_resolved web C-0 high", "container_gone web"}));
  EXPECT_TRUE(watch.state.containers.empty());
}

TEST(ChangesTest, AContainerAppearsWithItsName) {
  Watch watch;
  EXPECT_EQ(Lines(watch.See(Unnamed(One(Fails())))), Said{});
  EXPECT_TRUE(watch.moved);
  const auto events = watch.See(One(Fails()));
  EXPECT_EQ(Lines(events), (Said{"container_appeared web", "violation_appeared web C-0 high"}));
  EXPECT_EQ(events[0].name, "web");
  EXPECT_EQ(events[0].grade, Grade::kC);
  EXPECT_EQ(Lines(watch.See(One(Fails()))), Said{});
}

TEST(ChangesTest, ANameIsNotWaitedForLongerThanForAVerdict) {
  const ActedScene unnamed = Unnamed(One(Fails()));
  Watch watch = {.options = {.debounce = 3}};
  EXPECT_EQ(Lines(watch.See(unnamed)), Said{});
  EXPECT_EQ(Lines(watch.See(unnamed)), Said{});
  EXPECT_EQ(Lines(watch.See(unnamed)),
            (Said{"container_appeared web", "violation_appeared web C-0 high"}));
  watch.See(One(Fails()));
  EXPECT_TRUE(watch.moved) << "its name";
  EXPECT_EQ(watch.See({}).at(0).name, "web");
  Watch at_once = {.options = {.debounce = 1}};
  EXPECT_EQ(Lines(at_once.See(unnamed)).at(0), "container_appeared web");
}

// Scans that events cause may follow each other within a second.
TEST(ChangesTest, AYoungContainerIsNotSpokenOfWithoutItsName) {
  constexpr std::int64_t kHundredTicks = kSecond;
  Watch watch;
  ActedScene scene = Unnamed(One(Fails()));
  scene.containers[0].start = 100;
  scene.booted_at = Timestamp{watch.now};
  const auto see = [&](std::int64_t age) {
    watch.now = std::to_underlying(*scene.booted_at) + kHundredTicks + age;
    return Lines(watch.SeeAgain(scene));
  };
  for (int scans = 0; scans < 4; ++scans) EXPECT_EQ(see(kSecond + scans), Said{});
  scene.containers[0].named = true;
  EXPECT_EQ(see(2 * kSecond), Said{"container_appeared web"});
  EXPECT_EQ(see(3 * kSecond), Said{"violation_appeared web C-0 high"});
  Watch patient;
  scene.containers[0].named = false;
  const auto wait = [&](std::int64_t age) {
    patient.now = std::to_underlying(*scene.booted_at) + kHundredTicks + age;
    return Lines(patient.SeeAgain(scene));
  };
  EXPECT_EQ(wait(9 * kSecond), Said{});
  EXPECT_EQ(wait(10 * kSecond), Said{"container_appeared web"});
}

// What runc calls it, until docker has written down its name.
TEST(ChangesTest, ADigestIsNoName) {
  Watch watch;
  ActedScene scene = One(Passes());
  scene.containers[0].id = std::string(64, 'a');
  EXPECT_EQ(Lines(watch.See(scene)), Said{});
  EXPECT_EQ(Lines(watch.See(scene)), Said{"container_appeared " + scene.containers[0].id});
}

TEST(ChangesTest, WhatIsGoneBeforeItIsNamedIsToldAllTheSame) {
  Watch watch;
  watch.See(Unnamed(One(Fails())));
  EXPECT_EQ(Lines(watch.See({})), (Said{"container_appeared web", "container_gone web"}));
}

TEST(ChangesTest, ANameThatIsToldHolds) {
  Watch watch = Watching(One(Passes()));
  EXPECT_EQ(Lines(watch.See(Unnamed(One(Passes())))), Said{});
  EXPECT_FALSE(watch.moved);
  EXPECT_EQ(watch.See({}).at(0).name, "web");
}

TEST(ChangesTest, ARestartIsAnotherContainer) {
  Watch watch = Watching(One(Fails()));
  ActedScene again = One(Passes());
  again.containers[0].start = 2;
  EXPECT_EQ(Lines(watch.See(again)), (Said{"violation_resolved web C-0 high", "container_gone web",
                                           "container_appeared web"}));
}

TEST(ChangesTest, AStartThatCannotBeToldIsNoRestart) {
  Watch watch = Watching(One(Fails()));
  ActedScene untold = One(Fails());
  untold.containers[0].start = 0;
  EXPECT_EQ(Lines(watch.See(untold)), Said{});
  EXPECT_EQ(Lines(watch.See(One(Fails()))), Said{});
}

TEST(ChangesTest, ABootIsTheEndOfAllContainers) {
  Watch watch = Watching(One(Passes()));
  ActedScene later = One(Passes());
  later.boot_id = "another boot";
  EXPECT_EQ(Lines(watch.See(later)), (Said{"container_gone web", "container_appeared web"}));
}

TEST(ChangesTest, WhatATruncatedScanMissedIsNotGone) {
  Watch watch = Watching(One(Fails()));
  EXPECT_EQ(Lines(watch.See({.truncated = true})), Said{});
  EXPECT_EQ(Lines(watch.See(One(Fails()))), Said{});
  ActedScene again = One(Passes());
  again.containers[0].start = 2;
  again.truncated = true;
  EXPECT_EQ(Lines(watch.See(again)).at(1), "container_gone web");
}

TEST(ChangesTest, WhatCouldNotBeSeenIsNotGone) {
  for (const ActedScene& scene :
       {ActedScene{.unreadable = 1}, ActedScene{.vantage_problem = "hidepid"},
        ActedScene{.vantage_problem = "pid-namespace"}}) {
    Watch watch = Watching(One(Fails()));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(Lines(watch.See(scene)), Said{});
    EXPECT_EQ(Lines(watch.See(One(Fails()))), Said{});
    EXPECT_EQ(Known(watch, "C-0").standing, Standing::kFailing);
    EXPECT_EQ(Lines(watch.See({.vantage_problem = "no-cgroups"})).at(1), "container_gone web");
  }
}

TEST(ChangesTest, NotMoreThanAThousandMissingAreKept) {
  Watch watch;
  const auto see = [&](int number) {
    ActedScene scene = {.unreadable = 1, .process_controls = 0, .container_controls = 0};
    scene.containers = {{.id = "c" + std::to_string(number)}};
    return Lines(watch.See(scene));
  };
  for (int i = 0; i <= 1'000; ++i) EXPECT_EQ(see(i).size(), 1U) << i;
  EXPECT_EQ(see(1'001).at(0), "container_gone c0");
}

TEST(ChangesTest, WhatIsNotJudgedAnyMoreIsForgottenWithoutAWord) {
  Watch watch = Watching(One(Fails()));
  ActedScene narrow = One(Fails());
  narrow.select.name = {Glob("another")};
  EXPECT_EQ(Lines(watch.See(narrow)), Said{});
  EXPECT_TRUE(watch.moved);
  EXPECT_TRUE(watch.state.containers.empty());
  EXPECT_EQ(Lines(watch.See(One(Fails()))), Said{"container_appeared web"});
  EXPECT_EQ(Lines(watch.See(One(Fails()))), Said{"violation_appeared web C-0 high"});
  narrow.containers[0].start = 2;
  EXPECT_EQ(Lines(watch.See(narrow)).at(1), "container_gone web") << "it was another";
}

TEST(ChangesTest, TwoContainersWithOneIdAreTwo) {
  ActedScene twins = One(Fails());
  twins.containers.push_back({.start = 9, .processes = {{.pid = 9}}});
  Watch watch = Watching(twins);
  EXPECT_EQ(Lines(watch.See(twins)), Said{});
  std::swap(twins.containers[0], twins.containers[1]);
  EXPECT_EQ(Lines(watch.See(twins)), Said{});
  EXPECT_EQ(watch.state.containers.size(), 2U);
}

TEST(ChangesTest, TheHostHasViolationsToo) {
  Watch watch;
  EXPECT_EQ(Lines(watch.See({.host = Fails()})), Said{});
  EXPECT_EQ(Lines(watch.See({.host = Fails()})), Said{"violation_appeared C-2 critical"});
  watch.See({});
  EXPECT_EQ(Lines(watch.See({})),
            (Said{"violation_resolved C-2 critical", "grade_changed F -> A"}));
}

TEST(ChangesTest, AControlThatIsNotJudgedAnyMoreIsResolved) {
  Watch watch = Watching(One(Passes(), Fails()));
  ActedScene fewer = One(Passes());
  fewer.container_controls = 0;
  watch.See(fewer);
  EXPECT_EQ(Lines(watch.See(fewer)).at(0), "violation_resolved web C-1 medium");
}

TEST(ChangesTest, NothingStaysOfControlsAndTextsThatNobodyNames) {
  Watch watch = Watching(One(Fails(), Fails()));
  EXPECT_EQ(watch.state.texts.size(), 1U);  // Both say the same.
  ActedScene fewer = One(Passes());
  fewer.process_controls = fewer.container_controls = 0;  // C-0 is the host's now.
  watch.See(fewer);
  EXPECT_EQ(watch.state.controls.size(), watch.state.judged + 1);
  watch.See(fewer);
  EXPECT_EQ(watch.state.controls.size(), watch.state.judged);
  EXPECT_TRUE(watch.state.texts.empty());
  EXPECT_TRUE(watch.state.containers.at(0).subject.offenders.empty());
}

TEST(ChangesTest, AControlThatIsNewWasNeverKnown) {
  ActedScene fewer = One(Passes());
  fewer.container_controls = 0;
  fewer.process_controls = 0;
  Watch watch = Watching(fewer);
  EXPECT_EQ(Lines(watch.See(One(Passes(), Unknowable()))), Said{});
  EXPECT_EQ(Lines(watch.See(One(Passes(), Unknowable()))), Said{});
}

TEST(ChangesTest, TheSameScanTwiceIsOne) {
  Watch watch = Watching(One(Passes()));
  EXPECT_EQ(Lines(watch.See(One(Fails()))), Said{});
  const KnownState before = watch.state;
  EXPECT_EQ(Lines(watch.SeeAgain(One(Fails()))), Said{});
  EXPECT_EQ(watch.state, before);
}

TEST(ChangesTest, LongNamesAreCutAtACharacter) {
  Watch watch;
  ActedScene scene = One(Passes());
  scene.containers[0].id = std::string(511, 'a') + "\xC3\xA4" + std::string(5000, 'b');
  EXPECT_EQ(watch.See(scene).at(0).name, std::string(511, 'a'));
  EXPECT_EQ(Lines(watch.See(scene)), Said{});
}

}  // namespace
}  // namespace hullmark
