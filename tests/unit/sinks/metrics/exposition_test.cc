// SPDX-License-Identifier: Apache-2.0
#include "agent/sinks/metrics/exposition.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cmath>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/sinks/metrics/families.h"
#include "agent/sinks/metrics/self_metrics.h"
#include "agent/sinks/metrics/series.h"
#include "hullmark/check.h"
#include "hullmark/report.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/sinks/metrics/exposition_text.h"
#include "tests/unit/sinks/metrics/registry_body.h"
#include "tests/unit/sinks/world.h"

namespace hullmark {
namespace {

using hullmark::testing::Add;
using hullmark::testing::MakeWorld;
using hullmark::testing::ParsedBody;
using hullmark::testing::ParseExposition;
using hullmark::testing::World;
using SampleMap = std::map<std::pair<std::string, ParsedBody::Labels>, double>;

std::string Render(const World& world, const SeriesBudget& budget = {}) {
  SelfMetrics self("0.1.0", "");
  self.Describe(world.Input());
  return std::string(Exposition(budget).Render(world.Input(), self));
}

SampleMap SamplesOf(const ParsedBody& body, const auto& is_meant) {
  SampleMap samples;
  for (const auto& sample : body.samples) {
    if (is_meant(sample.name)) samples[{sample.name, sample.labels}] = sample.value;
  }
  return samples;
}

// What prometheus-cpp's serializer and ours must agree on.
void ExpectSame(const World& world) {
  const ParsedBody theirs = ParseExposition(hullmark::testing::RegistryBody(world));
  const ParsedBody ours = ParseExposition(Render(world));
  const auto expected = SamplesOf(theirs, [](const std::string&) { return true; });
  const auto found =
      SamplesOf(ours, [&](const std::string& name) { return theirs.types.contains(name); });
  ASSERT_EQ(found.size(), expected.size());
  for (const auto& [series, value] : expected) {
    const auto own = found.find(series);
    ASSERT_NE(own, found.end()) << series.first;
    EXPECT_NEAR(own->second, value, std::abs(value) * 1e-14) << series.first;
  }
}

TEST(ExpositionTest, SaysWhatPrometheusOwnLibraryWouldSay) {
  ExpectSame(hullmark::testing::Everything());
  ExpectSame(hullmark::testing::FiftyContainers());
  ExpectSame(MakeWorld());
}

TEST(ExpositionTest, HostileTextIsAValueOfItsLabel) {
  const World world = hullmark::testing::Hostile();
  const ParsedBody body = ParseExposition(Render(world));
  EXPECT_EQ(body.Values("hullmark_container_score").size(), world.report.containers.size());
  for (const auto& sample : body.samples) {
    for (const auto& [name, value] : sample.labels) EXPECT_LE(value.size(), 128U) << name;
  }
}

TEST(ExpositionTest, EveryFamilyHasTheHelpAndTypeOfTheTable) {
  SelfMetrics self("0.1.0", "abc");
  const World world = hullmark::testing::Everything();
  self.Describe(world.Input());
  const ParsedBody body = ParseExposition(std::string(Exposition().Render(world.Input(), self)));
  std::map<std::string_view, const MetricFamily*> rows;
  for (const MetricFamily& row : MetricFamilies()) {
    EXPECT_TRUE(rows.emplace(row.name, &row).second) << row.name;
    EXPECT_FALSE(row.help.empty() || row.query.empty()) << row.name;
    EXPECT_EQ(row.help.find_first_of("\\\n"), std::string_view::npos) << row.name;
  }
  for (const auto& [name, type] : body.types) {
    ASSERT_TRUE(rows.contains(name)) << name;
    EXPECT_EQ(type, NameOf(rows[name]->kind)) << name;
    EXPECT_EQ(body.helps.at(name), rows[name]->help) << name;
  }
}

TEST(ExpositionTest, LabelsAreThoseOfTheTable) {
  const ParsedBody body = ParseExposition(Render(hullmark::testing::Everything()));
  for (const auto& sample : body.samples) {
    for (const MetricFamily& row : MetricFamilies()) {
      if (row.name != sample.name) continue;
      for (const auto& [name, value] : sample.labels) {
        EXPECT_NE(("," + std::string(row.labels) + ",").find("," + name + ","), std::string::npos)
            << row.name << " " << name;
      }
    }
  }
}

TEST(ExpositionTest, ASeverityBelowTheLeastHasNoSeries) {
  World world = MakeWorld();
  Add(world, {.name = "web", .fails = {"CAP-008", "SCP-001"}});
  const auto count = [&](const SeriesBudget& budget) {
    return ParseExposition(Render(world, budget)).Values("hullmark_violation").size();
  };
  EXPECT_EQ(count({}), 2U);
  EXPECT_EQ(count({.violation_min_severity = Severity::kHigh}), 1U);
  EXPECT_EQ(count({.violations = false}), 0U);
}

TEST(ExpositionTest, UnlimitedAndUnknownLimitsAreAbsent) {
  World world = MakeWorld();
  Container& container = Add(world, {.name = "web"});
  container.limits.memory.value = Missing(ErrorCode::kDenied, EACCES);
  const ParsedBody body = ParseExposition(Render(world));
  EXPECT_TRUE(body.Values("hullmark_container_limit_memory_bytes").empty());
  EXPECT_TRUE(body.Values("hullmark_container_limit_pids").empty());
  EXPECT_EQ(body.Value("hullmark_container_limit_cpu_cores"), 1.5);
}

TEST(ExpositionTest, SeriesVanishWithTheirContainer) {
  SelfMetrics self("0.1.0", "");
  Exposition exposition;
  World before = MakeWorld();
  Add(before, {.name = "web", .fails = {"CAP-001"}});
  EXPECT_NE(exposition.Render(before.Input(), self).find("web"), std::string_view::npos);
  const World after = MakeWorld();
  EXPECT_EQ(exposition.Render(after.Input(), self).find("web"), std::string_view::npos);
  EXPECT_EQ(exposition.remembered(), 0U);
}

TEST(ExpositionTest, TheNumberOfSeriesIsTheBodys) {
  SelfMetrics self("0.1.0", "");
  const World world = hullmark::testing::Everything();
  Exposition exposition;
  const ParsedBody body = ParseExposition(exposition.Render(world.Input(), self));
  EXPECT_EQ(exposition.series(), body.samples.size());
}

// ---- the budget ----

class BudgetTest : public ::testing::Test {
 protected:
  BudgetTest() : world_(MakeWorld()) {
    for (int i = 0; i < 20; ++i) {
      const bool bad = i == 7;
      Add(world_, {.name = "c" + std::to_string(i),
                   .fails = bad ? Ids{"CAP-001", "SCP-001", "PRV-001"} : Ids{"PRV-001", "CAP-008"},
                   .id = std::to_string(i)});
    }
    SelfMetrics self("0.1.0", "");
    Exposition whole;
    whole.Render(world_.Input(), self);
    all_ = whole.series();
  }
  using Ids = std::vector<std::string>;

  ParsedBody Fold(std::size_t max_series) {
    SelfMetrics self("0.1.0", "");
    Exposition exposition({.max_series = max_series});
    ParsedBody body = ParseExposition(exposition.Render(world_.Input(), self));
    EXPECT_LE(exposition.series(), max_series);
    return body;
  }
  static std::size_t Own(const ParsedBody& body, const char* severity) {
    const auto& all = body.Values("hullmark_violation", {{"severity", severity}});
    return all.size() -
           body.Values("hullmark_violation", {{"severity", severity}, {"container", "__other__"}})
               .size();
  }

  World world_;
  std::size_t all_ = 0;
};

TEST_F(BudgetTest, WhatFitsIsNotFolded) {
  const ParsedBody body = Fold(all_);
  EXPECT_EQ(body.Value("hullmark_series_dropped_total"), 0);
  EXPECT_TRUE(body.Values("hullmark_violation", {{"container", "__other__"}}).empty());
}

TEST_F(BudgetTest, ViolationsGoFirst) {
  const ParsedBody body = Fold(all_ - 1);
  EXPECT_EQ(Own(body, "medium"), 0U);
  EXPECT_EQ(Own(body, "high"), 1U);
  EXPECT_EQ(body.Value("hullmark_violation", {{"container", "__other__"}, {"control", "PRV-001"}}),
            20);
  EXPECT_EQ(body.Value("hullmark_violation", {{"container", "__other__"}, {"control", "CAP-008"}}),
            19);
  EXPECT_EQ(body.Value("hullmark_series_dropped_total"), 39);
  EXPECT_EQ(body.Values("hullmark_container_score").size(), 20U);
}

TEST_F(BudgetTest, ThenWholeContainersTheBestFirst) {
  const ParsedBody body = Fold(all_ - 80);
  const auto scores = body.Values("hullmark_container_score");
  EXPECT_LT(scores.size(), 20U);
  EXPECT_EQ(body.Values("hullmark_container_score", {{"container", "c7"}}).size(), 1U);
  EXPECT_EQ(body.Values("hullmark_container_score", {{"container", "__other__"}}).size(), 1U);
  const double folded = 21 - static_cast<double>(scores.size());
  EXPECT_EQ(body.Value("hullmark_container_findings", {{"container", "__other__"}}), folded * 2);
  EXPECT_EQ(body.Value("hullmark_control_failing_containers", {{"control", "PRV-001"}}), 20);
}

TEST_F(BudgetTest, CriticalViolationsStayWhateverTheBudget) {
  SelfMetrics self("0.1.0", "");
  Exposition exposition({.max_series = 0});
  const ParsedBody body = ParseExposition(exposition.Render(world_.Input(), self));
  EXPECT_EQ(body.Value("hullmark_violation", {{"container", "c7"}, {"severity", "critical"}}), 1);
  EXPECT_EQ(body.Values("hullmark_container_score").size(), 1U);
  EXPECT_EQ(body.Values("hullmark_control_failing_containers").size(),
            world_.benchmark.controls.size());
}

TEST_F(BudgetTest, ThousandsOfHostileContainersKeepToIt) {
  World crowd = MakeWorld();
  for (int i = 0; i < 5000; ++i) {
    std::string name = i % 2 == 0 ? "same\"\n\\" : std::string(200, '\xff');
    name += i % 5 == 0 ? std::to_string(i) : "";
    Add(crowd, {.name = name,
                .fails = {"CAP-008", "PRV-001", "SCP-001", "RES-001", "RES-006"},
                .id = std::to_string(i)});
  }
  world_ = std::move(crowd);
  const ParsedBody body = Fold(20'000);
  EXPECT_GT(body.samples.size(), 19'900U) << "what there is room for is shown";
  EXPECT_EQ(body.Value("hullmark_control_failing_containers", {{"control", "SCP-001"}}), 5000);
  EXPECT_GT(body.Value("hullmark_series_dropped_total"), 25'000);
}

}  // namespace
}  // namespace hullmark
