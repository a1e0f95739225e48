// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/evaluate/changes.h"
#include "agent/evaluate/known_state.h"
#include "hullmark/check.h"
#include "hullmark/event.h"
#include "tests/unit/evaluate/changes_world.h"
#include "tests/unit/evaluate/world.h"

// What must hold of the events whatever the scans show.
namespace hullmark {
namespace {

Verdict AnyVerdict() {
  return *rc::gen::element(Passes(), Passes(), Fails(), Fails(), FailsAt(kLowPrice), Unknowable(),
                           DoesNotApply());
}

std::map<int, Verdict> AnySays(int first, int last) {
  std::map<int, Verdict> says;
  for (int control = first; control < last; ++control) says[control] = AnyVerdict();
  return says;
}

// Two process controls, two of the container; some of three containers, each of up to three
// processes, of few pids and starts so that they come back.
ActedScene AnyScene() {
  ActedScene scene = {.host = AnyVerdict(), .process_controls = 2, .container_controls = 2};
  scene.truncated = *rc::gen::inRange(0, 10) == 0;
  scene.boot_id = *rc::gen::inRange(0, 30) == 0 ? "other" : "boot";
  int pid = 0;
  for (const char* const id : {"a", "b", "c"}) {
    if (*rc::gen::inRange(0, 4) == 0) continue;
    ActedContainer container = {.id = id,
                                .named = *rc::gen::inRange(0, 3) != 0,
                                .start = *rc::gen::element<std::uint64_t>(1, 1, 1, 2, 0)};
    const int processes = *rc::gen::inRange(0, 4);
    for (int i = 0; i < processes; ++i) {
      container.processes.push_back({.pid = ++pid,
                                     .start = *rc::gen::element<std::uint64_t>(10, 10, 11),
                                     .says = AnySays(0, 2)});
    }
    container.says = AnySays(2, 4);
    scene.containers.push_back(std::move(container));
  }
  return scene;
}

// A scene often stays as it is for a while.
std::vector<ActedScene> AnyScenes() {
  std::vector<ActedScene> scenes = {AnyScene()};
  const int length = *rc::gen::inRange(1, 25);
  for (int i = 0; i < length; ++i) {
    scenes.push_back(*rc::gen::inRange(0, 2) == 0 ? scenes.back() : AnyScene());
  }
  return scenes;
}

Watch AnyWatch() {
  return {
      .options = {.debounce = *rc::gen::inRange(0, 4),
                  .hold_nanoseconds = *rc::gen::element<std::int64_t>(0, 2, 40) * kScanInterval}};
}

// What a listener who was told everything believes: violations with severity by place, and
// containers by id.
struct Listener {
  std::map<std::pair<std::string, std::string>, Severity> violations;
  std::multiset<std::string> containers;
  std::uint64_t last_id = 0;

  void Hear(const Event& event);
};

void Listener::Hear(const Event& event) {
  RC_ASSERT(event.id == ++last_id);
  const std::pair place(event.container_id, event.control);
  switch (event.kind) {
    case EventKind::kContainerAppeared:
      containers.insert(event.container_id);
      return;
    case EventKind::kContainerGone:
      RC_ASSERT(containers.erase(event.container_id) == 1U);
      return;
    case EventKind::kViolationAppeared:
      RC_ASSERT(violations.emplace(place, event.severity.value()).second);
      return;
    case EventKind::kViolationResolved:
      RC_ASSERT(violations.at(place) == event.severity.value());
      violations.erase(place);
      return;
    case EventKind::kViolationChanged:
      RC_ASSERT(violations.at(place) == event.former_severity.value());
      violations.at(place) = event.severity.value();
      return;
    case EventKind::kControlUnknown:
      RC_ASSERT(!violations.contains(place));
      return;
    case EventKind::kGradeChanged:
      RC_ASSERT(event.grade != event.former_grade);
      return;
    case EventKind::kAction:
      RC_FAIL("no look acts");
  }
}

Listener BelieverOf(const KnownState& state) {
  Listener listener = {.violations = {}, .containers = {}, .last_id = state.last_id};
  const auto add = [&](const std::string& id, const KnownSubject& subject) {
    for (const KnownControl& known : subject.controls) {
      RC_ASSERT(known.standing != Standing::kQuiet || known.scans > 0);
      RC_ASSERT(known.failure.has_value() || known.standing != Standing::kFailing);
      if (known.standing == Standing::kFailing) {
        listener.violations.emplace(std::pair(id, state.controls.at(known.control)),
                                    known.severity);
      }
    }
  };
  add("", state.host);
  for (const KnownContainer& container : state.containers) {
    if (container.waited == 0) listener.containers.insert(container.id);
    add(container.id, container.subject);
  }
  return listener;
}

TEST(ChangesProperty, WhoHeardAllEventsKnowsTheState) {
  EXPECT_TRUE(rc::check([] {
    Watch watch = AnyWatch();
    Listener listener;
    for (const ActedScene& scene : AnyScenes()) {
      for (const Event& event : watch.See(scene)) listener.Hear(event);
      const Listener truth = BelieverOf(watch.state);
      RC_ASSERT(listener.violations == truth.violations);
      RC_ASSERT(listener.containers == truth.containers);
      RC_ASSERT(listener.last_id == truth.last_id);
    }
  }));
}

TEST(ChangesProperty, AScanTwiceSaysNothingNew) {
  EXPECT_TRUE(rc::check([] {
    Watch watch = AnyWatch();
    for (const ActedScene& scene : AnyScenes()) {
      watch.See(scene);
      const KnownState before = watch.state;
      RC_ASSERT(watch.SeeAgain(scene).empty());
      RC_ASSERT(!watch.moved);
      RC_ASSERT(watch.state == before);
    }
  }));
}

TEST(ChangesProperty, WhatStaysAsItIsFallsSilent) {
  EXPECT_TRUE(rc::check([] {
    Watch watch = AnyWatch();
    const auto scenes = AnyScenes();
    for (const ActedScene& scene : scenes) watch.See(scene);
    for (int i = 0; i < 50; ++i) watch.See(scenes.back());
    RC_ASSERT(watch.See(scenes.back()).empty());
    RC_ASSERT(!watch.moved);
  }));
}

TEST(ChangesProperty, WhatDidNotMoveWasWorthNoWriting) {
  EXPECT_TRUE(rc::check([] {
    Watch watch = AnyWatch();
    for (const ActedScene& scene : AnyScenes()) {
      const Listener before = BelieverOf(watch.state);
      const bool said = !watch.See(scene).empty();
      RC_ASSERT(watch.moved || !said);
      RC_ASSERT(watch.moved || BelieverOf(watch.state).violations == before.violations);
    }
  }));
}

// Against the definition: a control of a container that is never unknown stands as the last
// `debounce` scans in a row said.
TEST(ChangesProperty, ADebouncedControlStandsAsTheLastScansInARow) {
  EXPECT_TRUE(rc::check([] {
    Watch watch = AnyWatch();
    const auto debounce = static_cast<std::size_t>(std::max(watch.options.debounce, 1));
    bool stands = false;
    std::size_t against = 0;
    for (int i = 0; i < 20; ++i) {
      const bool fails = *rc::gen::arbitrary<bool>();
      against = fails == stands ? 0 : against + 1;
      if (against == debounce) {
        stands = fails;
        against = 0;
      }
      watch.See({.containers = {{.processes = {{}}, .says = {{1, fails ? Fails() : Passes()}}}}});
      RC_ASSERT(BelieverOf(watch.state).violations.size() == (stands ? 1U : 0U));
    }
  }));
}

TEST(ChangesProperty, ChurnLeavesNothing) {
  Watch watch = {.options = {.debounce = 1}};
  std::size_t appeared = 0, gone = 0;
  for (int i = 0; i < 10'000; i += 50) {
    ActedScene scene;
    for (int j = i; j < i + 50; ++j) {
      scene.containers.push_back(
          {.id = std::to_string(j), .processes = {{.pid = j + 1, .says = {{0, Fails()}}}}});
    }
    for (const Event& event : watch.See(scene)) {
      appeared += event.kind == EventKind::kViolationAppeared ? 1U : 0U;
      gone += event.kind == EventKind::kContainerGone ? 1U : 0U;
    }
    ASSERT_EQ(watch.state.containers.size(), 50U);
  }
  watch.See({});
  EXPECT_EQ(appeared, 10'000U);
  EXPECT_EQ(gone, 9'950U);
  EXPECT_TRUE(watch.state.containers.empty());
  EXPECT_TRUE(watch.state.host.controls.empty());
  EXPECT_TRUE(watch.state.texts.empty());
}

}  // namespace
}  // namespace hullmark
