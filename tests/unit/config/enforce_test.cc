// SPDX-License-Identifier: Apache-2.0
#include "agent/config/enforce.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "agent/config/config.h"
#include "hullmark/check.h"
#include "hullmark/glob.h"
#include "hullmark/policy.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr const char* kWhole = R"(enforce:
  mode: enforce
  budget: {actions: 5, per: 1m, max_containers_fraction: 0.25}
  grace_after_start: 0s
  rules:
    - name: kill-escapers
      when: {control: [FS-001, RUN-*], severity: critical, class: [container, service], for: 30s}
      select: {namespace: "prod-*", not: {image: "registry.example/infra/*"}}
      do:
        - {notify: {}}
        - {throttle: {cpu: 10%, pids: current+8, memory_high: 80%, io: 1MiB/s}, ttl: 30m, next_after: 2m}
        - {freeze: {}, ttl: 10m, next_after: 5m}
        - {kill: {signal: HUP, grace: 3s}}
      mode: dry_run
    - name: other
      when: {control: CAP-001}
      do: [{throttle: {pids: 64}}, {hook: {name: fix}}, {kill_process: {}}]
hooks:
  - {name: fix, events: [], command: {path: /usr/local/sbin/fix}}
)";

TEST(ReadPolicyTest, ReadsEveryKey) {
  const auto config = LoadConfig(kWhole, "c");
  ASSERT_TRUE(config) << config.error().message;
  const Policy& policy = config->enforce;
  EXPECT_EQ(policy.mode, EnforceMode::kEnforce);
  EXPECT_EQ(policy.budget, (Budget{.actions = 5, .per = 60'000, .containers_permille = 250}));
  EXPECT_EQ(policy.grace_after_start, 0);
  ASSERT_EQ(policy.rules.size(), 2U);
  const Rule& rule = policy.rules.front();
  EXPECT_EQ(rule.source, "c:6");
  EXPECT_EQ(rule.controls, (std::vector{Glob("FS-001"), Glob("RUN-*")}));
  EXPECT_EQ(rule.severity, Severity::kCritical);
  EXPECT_EQ(rule.classes, (std::vector{ContainerClass::kContainer, ContainerClass::kService}));
  EXPECT_EQ(rule.persists, 30'000);
  EXPECT_EQ(rule.mode, EnforceMode::kDryRun);
  EXPECT_EQ(ModeOf(policy, rule), EnforceMode::kDryRun);
  EXPECT_EQ(rule.select.name_space, (std::vector{Glob("prod-*")}));
  const std::vector<Step> steps = {
      {.kind = ActionKind::kNotify},
      {.kind = ActionKind::kThrottle,
       .throttle = {.cpu_permille = 100,
                    .pids = PidsCap{.above_current = true, .count = 8},
                    .memory_high_permille = 800,
                    .io_bytes = 1U << 20},
       .ttl = 1'800'000,
       .next_after = 120'000},
      {.kind = ActionKind::kFreeze, .ttl = 600'000, .next_after = 300'000},
      {.kind = ActionKind::kKill, .signal = 1, .grace = 3'000}};
  EXPECT_EQ(rule.steps, steps);
}

TEST(ReadPolicyTest, WhatIsLeftOutIsCautious) {
  const auto config = LoadConfig(kWhole, "c");
  ASSERT_TRUE(config) << config.error().message;
  const Rule& rule = config->enforce.rules.back();
  EXPECT_EQ(rule.classes, std::vector{ContainerClass::kContainer});
  EXPECT_EQ(rule.mode, std::nullopt);
  EXPECT_EQ(ModeOf(config->enforce, rule), EnforceMode::kEnforce);
  ASSERT_EQ(rule.steps.size(), 3U);
  EXPECT_EQ(rule.steps[0].throttle.pids, (PidsCap{.above_current = false, .count = 64}));
  EXPECT_EQ(rule.steps[0].next_after, 60'000);
  EXPECT_EQ(rule.steps[0].ttl, std::nullopt);
  EXPECT_EQ(rule.steps[1], (Step{.kind = ActionKind::kHook, .hook = "fix"}));
  EXPECT_EQ(rule.steps[2].signal, 15);
  EXPECT_EQ(rule.steps[2].grace, 10'000);
}

std::string WithRule(const std::string& fields) {
  return "enforce:\n  mode: dry_run\n  rules:\n    - {name: r, " + fields + "}\n";
}

TEST(ReadPolicyTest, ARuleMayBanExecs) {
  const auto config =
      LoadConfig(WithRule("when: {control: CAP-001}, do: [{kill_at_exec: {}}]"), "c");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_TRUE(BansExecs(config->enforce.rules.front()));
}

TEST(ReadPolicyTest, SaysWhatIsWrongAndWhere) {
  const std::string when = "when: {control: CAP-001}, ";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"enforce: {mode: 'on'}", "c:1: 'mode' must be off, dry_run or enforce"},
      {"enforce: {budgets: {}}", "c:1: unknown key 'budgets'"},
      {"enforce: {budget: 3}", "c:1: 'budget' must be a mapping"},
      {"enforce: {budget: {actions: 0}}", "c:1: 'actions' must be"},
      {"enforce: {budget: {max_containers_fraction: 2}}", "c:1: 'max_containers_fraction' must be"},
      {"enforce: {rules: [{}]}", "c:1: 'name' is missing"},
      {WithRule("do: [{notify: {}}]"), "c:4: 'when' is missing"},
      {WithRule("when: {control: cap}, do: [{notify: {}}]"), "c:4: 'cap' is no control"},
      {WithRule("when: {control: X, class: [pause]}, do: [{notify: {}}]"),
       "c:4: nothing is ever done to class pause"},
      {WithRule(when + "do: []"), "c:4: 'do' is empty"},
      {WithRule(when + "do: [{}]"), "c:4: a step needs one of"},
      {WithRule(when + "do: [{notify: {}, freeze: {}}]"), "c:4: a step needs one of"},
      {WithRule(when + "do: [{throttle: {}}]"), "c:4: 'throttle' needs one of"},
      {WithRule(when + "do: [{throttle: {cpu: 0%}}]"), "c:4: 'cpu' must be a whole percentage"},
      {WithRule(when + "do: [{throttle: {cpu: 10}}]"), "c:4: 'cpu' must be a whole percentage"},
      {WithRule(when + "do: [{throttle: {memory_high: 101%}}]"), "c:4: 'memory_high' must be"},
      {WithRule(when + "do: [{throttle: {pids: 0}}]"), "c:4: 'pids' must be"},
      {WithRule(when + "do: [{throttle: {pids: current-1}}]"), "c:4: 'pids' must be"},
      {WithRule(when + "do: [{throttle: {io: 1MiB}}]"), "c:4: 'io' must be a rate"},
      {WithRule(when + "do: [{kill: {}, ttl: 1m}]"), "c:4: 'ttl' takes back"},
      {WithRule(when + "do: [{kill: {signal: STOP}}]"), "c:4: 'signal' must be"},
      {WithRule(when + "do: [{kill_at_exec: {signal: TERM}}]"), "c:4: unknown key 'signal'"},
      {WithRule(when + "do: [{kill_at_exec: {}, ttl: 1m}]"), "c:4: 'ttl' takes back"},
      {WithRule(when + "do: [{kill_at_exec: {}, next_after: 1m}]"), "c:4: 'next_after' is of a"},
      {WithRule(when + "do: [{notify: {}}, {kill_at_exec: {}}]"),
       "c:4: 'kill_at_exec' must be the only step of its rule"},
      {WithRule("when: {control: CAP-001, for: 1s}, do: [{kill_at_exec: {}}]"),
       "c:4: 'for' does not go with 'kill_at_exec'"},
      {WithRule("when: {control: CAP-001, severity: low}, do: [{kill_at_exec: {}}]"),
       "c:4: 'severity' does not go with 'kill_at_exec'"},
      {"watch: {source: none}\n" + WithRule(when + "do: [{kill_at_exec: {}}]"),
       "c:2: 'kill_at_exec' needs bpf, which 'collect.source' or 'watch.source' rules out"},
      {"watch: {source: proc_connector}\n" + WithRule(when + "do: [{kill_at_exec: {}}]"),
       "c:2: 'kill_at_exec' needs bpf"},
      {"collect: {source: proc}\n" + WithRule(when + "do: [{kill_at_exec: {}}]"),
       "c:2: 'kill_at_exec' needs bpf"},
      {WithRule(when + "do: [{hook: {name: x}}]"), "c:4: no hook is called 'x'"},
      {"hooks: [{name: x, webhook: {url: 'http://127.0.0.1', format: alertmanager}}]\n" +
           WithRule(when + "do: [{hook: {name: x}}]"),
       "c:5: 'x' has the format alertmanager"},
      {WithRule(when + "do: [{notify: {}}], mode: enforce"),
       "c:4: a rule must not be looser than 'enforce.mode', which is dry_run"},
      {WithRule(when + "do: [{notify: {}}]") + "    - {name: r, " + when + "do: [{notify: {}}]}\n",
       "c:5: two rules are called 'r'"}};
  for (const auto& [text, expected] : cases) {
    const auto config = LoadConfig(text, "c");
    ASSERT_FALSE(config) << text;
    EXPECT_EQ(config.error().message.substr(0, expected.size()), expected) << text;
  }
}

}  // namespace
}  // namespace hullmark
