// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <memory>
#include <optional>
#include <vector>

#include "hullmark/facts.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/selector.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

std::vector<Glob> AnyPatterns() {
  std::vector<Glob> patterns;
  const int count = *rc::gen::element(0, 0, 0, 0, 0, 1, 2);
  for (int i = 0; i < count; ++i) {
    patterns.emplace_back(*rc::gen::element("*", "**", "a", "b", "a*", "{a,b}", "/a/**"));
  }
  return patterns;
}

Selector AnySelector(int depth) {
  Selector selector = {.name = AnyPatterns(),
                       .id = AnyPatterns(),
                       .image = AnyPatterns(),
                       .name_space = AnyPatterns(),
                       .cgroup = AnyPatterns()};
  if (*rc::gen::inRange(0, 4) == 0) selector.uid = Uid{*rc::gen::element(0U, 1000U, 1001U)};
  if (depth > 0 && *rc::gen::inRange(0, 2) == 0) {
    selector.except = std::make_shared<const Selector>(AnySelector(depth - 1));
  }
  return selector;
}

struct Scene {
  Snapshot snapshot;
  Container container;
};

StringId AnyName(Snapshot& snapshot) {
  return snapshot.strings.Intern(*rc::gen::element("", "a", "b", "ab"));
}

// A container with names of anybody's choice; the claims are a user's.
Scene AnyScene() {
  Scene scene;
  ProcStatus status;
  status.uid.real = Uid{*rc::gen::element(0U, 1000U, 1001U)};
  scene.snapshot.processes.emplace_back().leader.status = status;
  scene.snapshot.cgroups = {Cgroup{.path = scene.snapshot.strings.Intern("/a/b")}};
  Container& container = scene.container;
  container.id = AnyName(scene.snapshot);
  container.name = AnyName(scene.snapshot);
  container.image = AnyName(scene.snapshot);
  container.claims = Claims{.trust = Trust::kUser, .owner = Uid{1000}};
  container.cgroup = CgroupIndex{0};
  container.init = ProcessIndex{0};
  return scene;
}

bool IsSelected(const Selector& selector, const Scene& scene, Belief belief = Belief::kRootOnly) {
  return Selects(selector, scene.snapshot, scene.container, belief);
}

// Whatever a user calls his container, it is exempted only if it is so without any name as well.
TEST(SelectorProperty, NoNameOfAUsersBuysAnExemption) {
  EXPECT_TRUE(rc::check([] {
    Selector selector = AnySelector(3);
    selector.uid.reset();
    const Scene scene = AnyScene();
    if (!IsSelected(selector, scene)) return;
    RC_ASSERT(selector.name.empty() && selector.id.empty() && selector.image.empty());
    RC_ASSERT(selector.name_space.empty() && selector.cgroup.empty());
  }));
}

// Root's word where the user's stood can only help, and only where the rest fits.
TEST(SelectorProperty, WhatRootDoesNotSayAloneIsBelievedOfNobody) {
  EXPECT_TRUE(rc::check([] {
    const Selector selector = AnySelector(0);
    Scene scene = AnyScene();
    if (!IsSelected(selector, scene)) return;
    scene.container.claims->trust = Trust::kRoot;
    RC_ASSERT(IsSelected(selector, scene));
    RC_ASSERT(IsSelected(selector, scene, Belief::kAll));
  }));
}

TEST(SelectorProperty, WhoIsExceptedIsNotSelected) {
  EXPECT_TRUE(rc::check([] {
    const Selector selector = AnySelector(2);
    const Scene scene = AnyScene();
    for (const Belief belief : {Belief::kAll, Belief::kRootOnly}) {
      const Belief inside = belief == Belief::kAll ? Belief::kRootOnly : Belief::kAll;
      const Selector rest = {.except = std::make_shared<const Selector>(selector)};
      RC_ASSERT(IsSelected(rest, scene, belief) != IsSelected(selector, scene, inside));
    }
  }));
}

TEST(SelectorProperty, OneKeyMoreNeverSelectsMore) {
  EXPECT_TRUE(rc::check([] {
    const Selector narrow = AnySelector(2);
    Selector wide = narrow;
    wide.name.clear();
    const Scene scene = AnyScene();
    for (const Belief belief : {Belief::kAll, Belief::kRootOnly}) {
      RC_ASSERT(!IsSelected(narrow, scene, belief) || IsSelected(wide, scene, belief));
    }
  }));
}

}  // namespace
}  // namespace hullmark
