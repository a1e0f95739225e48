// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/evaluate/evaluate.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"
#include "hullmark/waiver.h"
#include "tests/unit/evaluate/world.h"

// What must hold of the score whatever the checks say: random results, one change, two scores.
namespace hullmark {
namespace {

constexpr Timestamp kNow{1'000};

struct Results {
  Scope scope = Scope::kProcess;
  Price own;
  std::vector<Verdict> says;          // One per task.
  std::optional<std::size_t> raiser;  // The control that makes this one dearer, also when unknown.
};

struct Case {
  std::size_t tasks = 1;
  std::vector<Results> controls;
};

Verdict AnyVerdict(const Price& own) {
  Verdict verdict = {.outcome = *rc::gen::element(Outcome::kPass, Outcome::kFail, Outcome::kUnknown,
                                                  Outcome::kNotApplicable)};
  if (verdict.outcome != Outcome::kFail) return verdict;
  verdict.badness = *rc::gen::element<std::uint16_t>(1000, 1000, 667, 333, 1);
  if (*rc::gen::inRange(0, 3) == 0) {
    verdict.price =
        Price{.severity = Severity::kLow, .weight = *rc::gen::inRange(0, own.weight + 1)};
  }
  return verdict;
}

Results AnyResults(std::size_t tasks, std::size_t controls) {
  Results results;
  results.scope = *rc::gen::element(Scope::kProcess, Scope::kProcess, Scope::kContainer);
  results.own = *rc::gen::element(kLowPrice, kMediumPrice, kHighPrice, kCriticalPrice,
                                  Price{.severity = Severity::kInfo, .weight = 0});
  for (std::size_t i = 0; i < tasks; ++i) results.says.push_back(AnyVerdict(results.own));
  if (*rc::gen::inRange(0, 3) == 0) results.raiser = *rc::gen::inRange<std::size_t>(0, controls);
  return results;
}

Case AnyCase() {
  Case any = {.tasks = *rc::gen::inRange<std::size_t>(1, 5), .controls = {}};
  const auto controls = *rc::gen::inRange<std::size_t>(1, 7);
  for (std::size_t i = 0; i < controls; ++i) {
    any.controls.push_back(AnyResults(any.tasks, controls));
  }
  return any;
}

World WorldOf(const Case& judged) {
  World world;
  world.snapshot.taken_at = kNow;
  const auto container = world.AddContainer();
  for (std::size_t i = 0; i < judged.tasks; ++i) world.AddProcess(container);
  for (const Results& results : judged.controls) {
    Control& control = world.AddControl(results.scope, results.own, results.says);
    if (!results.raiser) continue;
    control.escalation = Escalation{.with = "C-" + std::to_string(*results.raiser),
                                    .on_unknown = true,
                                    .price = kCriticalPrice};
  }
  return world;
}

ContainerReport Judged(const Case& judged) {
  const World world = WorldOf(judged);
  return Evaluate(world.snapshot, world.benchmark, {}).containers.at(0);
}

Score ScoreOfCase(const Case& judged) { return Judged(judged).score; }

void AssertSame(const Score& a, const Score& b) {
  RC_ASSERT(a.exposure == b.exposure);
  RC_ASSERT(a.exposure_known == b.exposure_known);
  RC_ASSERT(a.exposure_unwaived == b.exposure_unwaived);
  RC_ASSERT(a.weight_known == b.weight_known);
  RC_ASSERT(a.weight_applicable == b.weight_applicable);
  RC_ASSERT(a.grade == b.grade);
  RC_ASSERT(a.critical == b.critical);
}

// One verdict with this outcome; discards the case when it has none.
Verdict& SomeVerdict(Case& in, Outcome outcome) {
  std::vector<Verdict*> found;
  for (Results& results : in.controls) {
    const std::size_t asked = results.scope == Scope::kProcess ? results.says.size() : 1;
    for (std::size_t i = 0; i < asked; ++i) {
      if (results.says[i].outcome == outcome) found.push_back(&results.says[i]);
    }
  }
  RC_PRE(!found.empty());
  return **rc::gen::elementOf(found);
}

std::vector<std::size_t> AnyOrder(std::size_t size) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < size; ++i) order.push_back(i);
  for (std::size_t i = size; i > 1; --i) {
    std::swap(order[i - 1], order[*rc::gen::inRange<std::size_t>(0, i)]);
  }
  return order;
}

std::vector<Waiver> AnyWaivers() {
  std::vector<Waiver> waivers(*rc::gen::inRange<std::size_t>(1, 4));
  for (Waiver& waiver : waivers) {
    waiver.control = Glob(*rc::gen::element("*", "C-0", "C-1", "C-{2,3}"));
    waiver.expires = Timestamp{*rc::gen::element(999, 1'000, 1'001)};
    waiver.allow_critical = *rc::gen::arbitrary<bool>();
    if (*rc::gen::inRange(0, 4) == 0) waiver.select.container_class = {Glob("vm")};
  }
  return waivers;
}

TEST(ScoreProperty, AWaiverOnlyForgives) {
  EXPECT_TRUE(rc::check([] {
    const World world = WorldOf(AnyCase());
    const std::vector<Waiver> waivers = AnyWaivers();
    const Report without = Evaluate(world.snapshot, world.benchmark, {});
    const Report with = Evaluate(world.snapshot, world.benchmark, {.waivers = waivers});
    const Score& before = without.containers.at(0).score;
    const Score& after = with.containers.at(0).score;
    RC_ASSERT(after.exposure_unwaived == before.exposure);
    RC_ASSERT(before.exposure_unwaived == before.exposure);
    RC_ASSERT(after.exposure <= before.exposure);
    RC_ASSERT(after.exposure_known <= after.exposure);
    RC_ASSERT(ScoreOf(after.exposure, {}) >= ScoreOf(before.exposure, {}));
    RC_ASSERT(after.weight_known == before.weight_known);
    RC_ASSERT(after.weight_applicable == before.weight_applicable);
    RC_ASSERT(!after.critical || before.critical);
  }));
}

TEST(ScoreProperty, AWaiverHidesNothing) {
  EXPECT_TRUE(rc::check([] {
    const World world = WorldOf(AnyCase());
    const std::vector<Waiver> waivers = AnyWaivers();
    const Report without = Evaluate(world.snapshot, world.benchmark, {});
    const Report with = Evaluate(world.snapshot, world.benchmark, {.waivers = waivers});
    RC_ASSERT(with.evidence.size() == without.evidence.size());
    const auto& before = without.containers.at(0).findings;
    const auto& after = with.containers.at(0).findings;
    RC_ASSERT(after.size() == before.size());
    for (std::size_t i = 0; i < after.size(); ++i) {
      RC_ASSERT(Facts(with, after[i]) == Facts(without, before[i]));
      RC_ASSERT(Sources(with, after[i]) == Sources(without, before[i]));
      RC_ASSERT(after[i].points == before[i].points);
      RC_ASSERT(after[i].severity == before[i].severity);
      RC_ASSERT((after[i].status == Status::kWaived) == after[i].waiver.has_value());
      if (!after[i].waiver) {
        RC_ASSERT(after[i].status == before[i].status);
        continue;
      }
      RC_ASSERT(before[i].status == Status::kFail);
      const Waiver& waiver = waivers.at(*after[i].waiver);
      RC_ASSERT(waiver.expires > kNow);
      RC_ASSERT(waiver.allow_critical || after[i].severity != Severity::kCritical);
      RC_ASSERT(with.waivers.at(*after[i].waiver).findings > 0);
    }
  }));
}

TEST(ScoreProperty, AnotherWaiverNeverCosts) {
  EXPECT_TRUE(rc::check([] {
    const World world = WorldOf(AnyCase());
    const std::vector<Waiver> more = AnyWaivers();
    const std::vector<Waiver> fewer(more.begin(), more.end() - 1);
    const Report before = Evaluate(world.snapshot, world.benchmark, {.waivers = fewer});
    const Report after = Evaluate(world.snapshot, world.benchmark, {.waivers = more});
    RC_ASSERT(after.containers.at(0).score.exposure <= before.containers.at(0).score.exposure);
  }));
}

TEST(ScoreProperty, TheOrderOfTasksDoesNotMatter) {
  EXPECT_TRUE(rc::check([] {
    const Case before = AnyCase();
    Case after = before;
    const auto order = AnyOrder(before.tasks);
    for (std::size_t c = 0; c < before.controls.size(); ++c) {
      if (before.controls[c].scope != Scope::kProcess) continue;
      for (std::size_t i = 0; i < before.tasks; ++i) {
        after.controls[c].says[i] = before.controls[c].says[order[i]];
      }
    }
    AssertSame(ScoreOfCase(before), ScoreOfCase(after));
  }));
}

TEST(ScoreProperty, TheOrderOfControlsDoesNotMatter) {
  EXPECT_TRUE(rc::check([] {
    const Case before = AnyCase();
    const auto order = AnyOrder(before.controls.size());
    Case after = {.tasks = before.tasks, .controls = {}};
    for (const std::size_t from : order) {
      Results results = before.controls[from];
      if (results.raiser) {
        const auto moved = std::ranges::find(order, *results.raiser) - order.begin();
        results.raiser = static_cast<std::size_t>(moved);
      }
      after.controls.push_back(std::move(results));
    }
    AssertSame(ScoreOfCase(before), ScoreOfCase(after));
  }));
}

TEST(ScoreProperty, MendingAFailNeverCosts) {
  EXPECT_TRUE(rc::check([] {
    Case some = AnyCase();
    const Score before = ScoreOfCase(some);
    SomeVerdict(some, Outcome::kFail) = Passes();
    const Score after = ScoreOfCase(some);
    RC_ASSERT(after.exposure <= before.exposure);
    RC_ASSERT(after.exposure_known <= before.exposure_known);
    RC_ASSERT(ScoreOf(after.exposure, {}) >= ScoreOf(before.exposure, {}));
    RC_ASSERT(!after.critical || before.critical);
  }));
}

TEST(ScoreProperty, LearningThatAnUnknownPassesNeverCosts) {
  EXPECT_TRUE(rc::check([] {
    Case some = AnyCase();
    const Score before = ScoreOfCase(some);
    SomeVerdict(some, Outcome::kUnknown) = Passes();
    RC_ASSERT(ScoreOfCase(some).exposure <= before.exposure);
  }));
}

TEST(ScoreProperty, LearningThatAnUnknownFailsChangesNothing) {
  EXPECT_TRUE(rc::check([] {
    Case some = AnyCase();
    const Score before = ScoreOfCase(some);
    SomeVerdict(some, Outcome::kUnknown) = Fails();
    RC_ASSERT(ScoreOfCase(some).exposure == before.exposure);
  }));
}

TEST(ScoreProperty, HidingAFailNeverPays) {
  EXPECT_TRUE(rc::check([] {
    Case some = AnyCase();
    const Score before = ScoreOfCase(some);
    SomeVerdict(some, Outcome::kFail) = Unknowable();
    RC_ASSERT(ScoreOfCase(some).exposure >= before.exposure);
  }));
}

TEST(ScoreProperty, AnotherProcessNeverHelps) {
  EXPECT_TRUE(rc::check([] {
    Case some = AnyCase();
    const Score before = ScoreOfCase(some);
    ++some.tasks;
    for (Results& results : some.controls) results.says.push_back(AnyVerdict(results.own));
    const Score after = ScoreOfCase(some);
    RC_ASSERT(after.exposure >= before.exposure);
    RC_ASSERT(after.exposure_known >= before.exposure_known);
    RC_ASSERT(!before.critical || after.critical);
  }));
}

TEST(ScoreProperty, AControlThatPassesMovesNothing) {
  EXPECT_TRUE(rc::check([] {
    Case some = AnyCase();
    const Score before = ScoreOfCase(some);
    some.controls.push_back(
        {.scope = Scope::kProcess, .own = kCriticalPrice, .says = {}, .raiser = {}});
    const Score after = ScoreOfCase(some);
    RC_ASSERT(after.exposure == before.exposure);
    RC_ASSERT(after.exposure_known == before.exposure_known);
    RC_ASSERT(after.critical == before.critical);
  }));
}

TEST(ScoreProperty, TheSumsAreThoseOfTheFindings) {
  EXPECT_TRUE(rc::check([] {
    const Case some = AnyCase();
    const ContainerReport report = Judged(some);
    RC_ASSERT(report.findings.size() == some.controls.size());
    MilliPoints points = 0;
    MilliPoints known = 0;
    for (const Finding& finding : report.findings) {
      RC_ASSERT(finding.points_known <= finding.points);
      points += finding.points;
      known += finding.points_known;
    }
    RC_ASSERT(report.score.exposure == points);
    RC_ASSERT(report.score.exposure_known == known);
    RC_ASSERT(report.score.weight_known <= report.score.weight_applicable);
    RC_ASSERT(report.score.grade.has_value() != report.score.provisional);
  }));
}

}  // namespace
}  // namespace hullmark
