// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/hook_router.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "agent/config/hooks.h"
#include "hullmark/check.h"
#include "hullmark/event.h"
#include "hullmark/glob.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

using Names = std::vector<std::vector<std::string>>;

Event Violation(EventKind kind = EventKind::kViolationAppeared) {
  return {.kind = kind,
          .container_id = "c1",
          .name = "web",
          .name_space = "shop",
          .control = "CAP-001",
          .severity = Severity::kHigh};
}

TEST(HookFilterTest, AllThatIsGivenMustMatch) {
  const HookFilter all{};
  EXPECT_TRUE(Admits(all, Violation()));
  EXPECT_FALSE(Admits(all, {.kind = EventKind::kGradeChanged}));
  EXPECT_FALSE(Admits({.events = {}}, Violation()));
  EXPECT_TRUE(Admits({.severity = Severity::kHigh}, Violation()));
  EXPECT_FALSE(Admits({.severity = Severity::kCritical}, Violation()));
  EXPECT_TRUE(Admits({.control = {Glob("RUN-*"), Glob("CAP-*")}}, Violation()));
  EXPECT_FALSE(Admits({.control = {Glob("RUN-*")}}, Violation()));
}

TEST(HookFilterTest, WhatAnEventDoesNotHaveDoesNotHoldItBack) {
  const HookFilter filter{.events = {EventKind::kContainerGone},
                          .severity = Severity::kCritical,
                          .control = {Glob("CAP-*")}};
  EXPECT_TRUE(Admits(filter, {.kind = EventKind::kContainerGone}));
}

TEST(HookFilterTest, AChangedViolationIsAsGraveAsItWas) {
  Event event = Violation(EventKind::kViolationChanged);
  event.severity = Severity::kLow;
  event.former_severity = Severity::kHigh;
  EXPECT_TRUE(Admits({.severity = Severity::kHigh}, event));
  EXPECT_FALSE(Admits({.severity = Severity::kCritical}, event));
}

class HookRouterTest : public testing::Test {
 protected:
  HookRouterTest() {
    Container container;
    container.id = snapshot_.strings.Intern("c1");
    container.name = snapshot_.strings.Intern("web");
    container.claims.emplace();
    container.claims->labels = {
        {.key = snapshot_.strings.Intern("team"), .value = snapshot_.strings.Intern("red")}};
    snapshot_.containers.push_back(container);
  }

  static Hook Told(const std::string& name, Selector select) {
    return {.name = name,
            .filter = {.events = {EventKind::kViolationAppeared, EventKind::kContainerGone},
                       .select = std::move(select)}};
  }

  Snapshot snapshot_, empty_;
};

TEST_F(HookRouterTest, EachHookIsAskedForItself) {
  HookRouter router({Told("all", {}), Told("red", {.labels = {{"team", Glob("red")}}}),
                     Told("blue", {.labels = {{"team", Glob("blue")}}}),
                     Told("web", {.name = {Glob("w*")}})});
  EXPECT_EQ(router.Route({{Violation()}}, snapshot_), (Names{{"all", "red", "web"}}));
}

TEST_F(HookRouterTest, TheHostIsForHooksWithoutASelector) {
  HookRouter router({Told("all", {}), Told("some", {.name = {Glob("**")}})});
  Event event = Violation();
  event.container_id.clear();
  EXPECT_EQ(router.Route({{event}}, snapshot_), (Names{{"all"}}));
}

TEST_F(HookRouterTest, WhatASelectorSaidHoldsForTheEnd) {
  HookRouter router({Told("red", {.labels = {{"team", Glob("red")}}})});
  EXPECT_EQ(router.Route({{Violation()}}, snapshot_), (Names{{"red"}}));
  const Event gone = Violation(EventKind::kContainerGone);
  EXPECT_EQ(router.Route({{gone}}, empty_), (Names{{"red"}}));
  EXPECT_EQ(router.Route({{gone}}, empty_), (Names{{}})) << "and is forgotten with it";
}

TEST_F(HookRouterTest, OfAContainerThatNobodyHasSeenTheEventTells) {
  HookRouter router({Told("shop", {.name = {Glob("web")}, .name_space = {Glob("shop")}}),
                     Told("others", {.name_space = {Glob("other")}}),
                     Told("red", {.labels = {{"team", Glob("red")}}})});
  EXPECT_EQ(router.Route({{Violation(EventKind::kContainerGone)}}, empty_), (Names{{"shop"}}));
}

}  // namespace
}  // namespace hullmark
