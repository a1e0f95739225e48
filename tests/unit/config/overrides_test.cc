// SPDX-License-Identifier: Apache-2.0
#include "agent/config/overrides.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <expected>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "agent/benchmark/load.h"
#include "hullmark/benchmark.h"
#include "hullmark/caps.h"
#include "hullmark/check.h"
#include "hullmark/result.h"
#include "tests/unit/benchmark/rows.h"

namespace hullmark {
namespace {

// PRC-001 high 25 with a parameter of each type, CTR-001, HST-001.
Benchmark Small() {
  std::ifstream file(HULLMARK_SOURCE "/tests/fuzz/corpus/benchmark_fuzz/small.yaml");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return LoadBenchmark(text, "small.yaml", kRows).value();
}

Result<Benchmark> Apply(std::string_view text, Benchmark benchmark = Small()) {
  const auto overrides = LoadOverrides(text, "o");
  if (!overrides) return std::unexpected(overrides.error());
  return ApplyOverrides(std::move(benchmark), *overrides);
}

const Control& Find(const Benchmark& benchmark, std::string_view id) {
  return *std::ranges::find(benchmark.controls, id, &Control::id);
}

TEST(OverridesTest, ChangeSeverityWeightAndParameters) {
  const auto benchmark = Apply(
      "controls:\n"
      "  - id: PRC-001\n"
      "    reason: ours differ\n"
      "    severity: medium\n"
      "    weight: 5\n"
      "    params:\n"
      "      count: 7\n"
      "      caps: [CAP_KILL]\n");
  ASSERT_TRUE(benchmark) << benchmark.error().message;
  const Control& control = Find(*benchmark, "PRC-001");
  const Benchmark before = Small();
  EXPECT_EQ(control.severity, Severity::kMedium);
  EXPECT_EQ(control.weight, 5);
  EXPECT_EQ(control.params.Integer(1), 7);
  EXPECT_EQ(control.params.Caps(3), CapSet{Cap::kKill});
  EXPECT_EQ(control.params.Bool(0), Find(before, "PRC-001").params.Bool(0));
  ASSERT_EQ(benchmark->overrides.size(), 4U);
  const Override& severity = benchmark->overrides[0];
  EXPECT_EQ(severity.control + " " + severity.what + " " + severity.from + " " + severity.to,
            "PRC-001 severity high medium");
  EXPECT_EQ(severity.reason, "ours differ");
  EXPECT_EQ(severity.source, "o:4");
  const Override& caps = benchmark->overrides[3];
  EXPECT_EQ(caps.what + " " + caps.to + " " + caps.source, "params.caps [CAP_KILL] o:8");
}

TEST(OverridesTest, DisableWithAReason) {
  const auto benchmark = Apply("controls: [{id: HST-001, disabled: true, reason: no such host}]");
  ASSERT_TRUE(benchmark) << benchmark.error().message;
  EXPECT_EQ(Find(*benchmark, "HST-001").disabled, "no such host");
  EXPECT_EQ(benchmark->controls.size(), Small().controls.size()) << "it stays in the list";
  ASSERT_EQ(benchmark->overrides.size(), 1U);
  EXPECT_EQ(benchmark->overrides[0].what, "disabled");
}

TEST(OverridesTest, SetThePriceOfAnUnknown) {
  const auto benchmark = Apply("scoring: {unknown: 0.25}");
  ASSERT_TRUE(benchmark) << benchmark.error().message;
  EXPECT_EQ(benchmark->scoring.unknown_permille, 250);
  EXPECT_EQ(benchmark->overrides[0].from, "0.5");
  EXPECT_EQ(benchmark->overrides[0].to, "0.25");
  EXPECT_EQ(benchmark->overrides[0].control, "");
}

TEST(OverridesTest, WhatIsCriticalIsLoweredWithAReasonOnly) {
  Benchmark benchmark = Small();
  benchmark.controls[0].severity = Severity::kCritical;
  benchmark.controls[0].weight = 125;
  for (const std::string change : {"severity: high", "weight: 110", "params: {count: 3}"}) {
    const std::string head = "controls: [{id: PRC-001, " + change;
    const auto refused = Apply(head + "}]", benchmark);
    ASSERT_FALSE(refused) << change;
    EXPECT_TRUE(refused.error().message.starts_with("o:1: PRC-001: is critical"))
        << refused.error().message;
    EXPECT_TRUE(Apply(head + ", reason: because}]", benchmark)) << change;
  }
  EXPECT_TRUE(Apply("controls: [{id: PRC-001, weight: 150}]", benchmark));
}

TEST(OverridesTest, RefuseWhatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "o:1: empty"},
      {"[]", "o:1: a mapping"},
      {"control: []", "o:1: unknown key 'control'"},
      {"scoring: {half_life: 10}", "o:1: 'unknown' is missing"},
      {"scoring: {unknown: 0.5, half_life: 10}", "o:1: unknown key 'half_life'"},
      {"scoring: {unknown: 2}", "o:1: 'unknown' must be"},
      {"controls: {}", "o:1: 'controls' must be a list"},
      {"controls: [{weight: 3}]", "o:1: 'id' is missing"},
      {"controls:\n  - {id: PRC-009, weight: 3}\n", "o:2: no control is called 'PRC-009'"},
      {"controls:\n- {id: PRC-001, weight: 3}\n- {id: PRC-001, weight: 4}\n",
       "o:3: PRC-001: repeated"},
      {"controls: [{id: PRC-001}]", "o:1: PRC-001: changes nothing"},
      {"controls: [{id: PRC-001, reason: x}]", "o:1: PRC-001: changes nothing"},
      {"controls: [{id: PRC-001, disabled: true}]", "o:1: PRC-001: 'disabled' wants a 'reason'"},
      {"controls: [{id: PRC-001, disabled: true, reason: x, weight: 1}]",
       "o:1: PRC-001: is disabled"},
      {"controls: [{id: PRC-001, disabled: on}]", "o:1: PRC-001: 'disabled' must be"},
      {"controls: [{id: PRC-001, severity: awful}]", "o:1: PRC-001: 'severity' must be"},
      {"controls: [{id: PRC-001, weight: -1}]", "o:1: PRC-001: 'weight' must be"},
      {"controls: [{id: PRC-001, weight: 99999}]", "o:1: PRC-001: 'weight' must be"},
      {"controls: [{id: PRC-001, severity: critical}]",
       "o:1: PRC-001: a critical control must weigh more than 100"},
      {"controls: [{id: PRC-001, params: {}}]", "o:1: PRC-001: 'params' is empty"},
      {"controls: [{id: PRC-001, params: [1]}]", "o:1: PRC-001: 'params' must be a mapping"},
      {"controls: [{id: PRC-001, params: {cuont: 1}}]", "o:1: PRC-001: has no parameter 'cuont'"},
      {"controls: [{id: PRC-001, params: {count: x}}]", "o:1: PRC-001: 'count' must be"},
      {"controls: [{id: PRC-001, params: {words: [four]}}]", "o:1: PRC-001: 'four' is none of"},
      {"controls: [{id: PRC-001, title: x}]", "o:1: PRC-001: unknown key 'title'"}};
  for (const auto& [text, message] : cases) {
    const auto benchmark = Apply(text);
    ASSERT_FALSE(benchmark) << text;
    EXPECT_TRUE(benchmark.error().message.starts_with(message)) << benchmark.error().message;
  }
}

}  // namespace
}  // namespace hullmark
