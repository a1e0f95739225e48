// SPDX-License-Identifier: Apache-2.0
#include "agent/config/config.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "hullmark/check.h"
#include "hullmark/glob.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

using std::chrono::milliseconds;

TEST(LoadConfigTest, TheShippedFileIsTheDefault) {
  std::ifstream file(HULLMARK_SOURCE "/systemd/hullmark.yaml");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto config = LoadConfig(text, "hullmark.yaml");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(*config, Config{});
}

TEST(LoadConfigTest, EveryKeyIsOptional) {
  const auto config = LoadConfig("{}", "c");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(*config, Config{});
}

TEST(LoadConfigTest, TakesWhatTheOptionsTake) {
  const auto config = LoadConfig("listen: ':9723'\nstate_dir: ''\n", "c");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->listen, std::vector<std::string>{":9723"});
  EXPECT_EQ(config->state_dir, "");
}

TEST(LoadConfigTest, ReadsEveryKey) {
  const auto config = LoadConfig(
      "listen: [127.0.0.1:80, '[::1]:9723', unix:/run/hullmark/http.sock]\n"
      "api: off\n"
      "benchmark: /etc/b.yaml\n"
      "overrides: /etc/o.yaml\n"
      "waivers: [/etc/w.yaml]\n"
      "roots: {proc: /p, sys: /s, cgroup: /c}\n"
      "state_dir: /state\n"
      "classes: [vm, pause]\n"
      "infrastructure: {namespace: [kube-system, infra-*]}\n"
      "select: {not: {runtime: systemd}}\n"
      "scan: {interval: 5s, full_every: 1m, budget: 500ms}\n"
      "collect: {source: proc, threads: false}\n"
      "metrics: {max_series: 5000, violations: false, violation_min_severity: high,"
      " textfile: /t}\n"
      "events: {file: '', max_size: 1GiB, keep: 0, debounce: 1}\n"
      "log: {level: debug, format: json}\n",
      "c");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->listen, (std::vector<std::string>{"127.0.0.1:80", "[::1]:9723",
                                                      "unix:/run/hullmark/http.sock"}));
  EXPECT_EQ(config->api, Config::Api::kOff);
  EXPECT_EQ(config->benchmark, "/etc/b.yaml");
  EXPECT_EQ(config->overrides, "/etc/o.yaml");
  EXPECT_EQ(config->waivers, std::vector<std::string>{"/etc/w.yaml"});
  EXPECT_EQ(config->proc_root + config->sys_root + config->cgroup_root, "/p/s/c");
  EXPECT_EQ(config->state_dir, "/state");
  EXPECT_EQ(config->classes, (std::vector{ContainerClass::kPause, ContainerClass::kVm}));
  EXPECT_EQ(config->infrastructure.name_space, (std::vector{Glob("kube-system"), Glob("infra-*")}));
  EXPECT_EQ(config->select.except->runtime, std::vector{Glob("systemd")});
  EXPECT_EQ(config->scan.interval, milliseconds(5'000));
  EXPECT_EQ(config->scan.full_every, milliseconds(60'000));
  EXPECT_EQ(config->scan.budget, milliseconds(500));
  EXPECT_EQ(config->source, Config::Source::kProc);
  EXPECT_FALSE(config->threads);
  EXPECT_EQ(config->metrics, (Config::Metrics{.max_series = 5000,
                                              .violations = false,
                                              .violation_min_severity = Severity::kHigh,
                                              .textfile = "/t"}));
  EXPECT_EQ(config->events,
            (Config::Events{.file = "", .max_size = 1U << 30, .keep = 0, .debounce = 1}));
  EXPECT_EQ(config->log, (Config::Log{.level = "debug", .format = "json"}));
}

TEST(LoadConfigTest, TheDefaultsOfWhatIsToComeAreAccepted) {
  for (const char* const text :
       {"web_config: ''", "watch: {source: auto}", "watch: {source: proc_connector}",
        "enforce: {mode: off, rules: []}", "hooks: []",
        "enforce: {budget: {actions: 3, per: 10m, max_containers_fraction: 0.05}}"}) {
    EXPECT_TRUE(LoadConfig(text, "c")) << text;
  }
}

TEST(LoadConfigTest, RefusesWhatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "c:1: empty"},
      {"words", "c:1: a mapping"},
      {"api: off\n\nscn: {}\n", "c:3: unknown key 'scn'"},
      {"api: off\napi: off\n", "c:2: key 'api' repeated"},
      {"api: open", "c:1: 'api' must be loopback, authenticated or off"},
      {"listen: 9723", "c:1: 'listen' must be text"},
      {"listen: localhost", "c:1: 'localhost' is no address"},
      {"listen: localhost:9723", "c:1: 'localhost:9723' is no address"},
      {"listen: 1.2.3.256:9723", "c:1: '1.2.3.256:9723' is no address"},
      {"listen: '[::1::]:9723'", "c:1: '[::1::]:9723' is no address"},
      {"listen: '::1:9723'", "c:1: '::1:9723' is no address"},
      {"listen: 127.0.0.1:99999", "c:1: '127.0.0.1:99999' is no address"},
      {"listen: 'unix:relative'", "c:1: 'unix:relative' is no address"},
      {"benchmark: b.yaml", "c:1: 'benchmark' must be an absolute path"},
      {"benchmark:", "c:1: 'benchmark' must be text"},
      {"waivers: /etc/w.yaml", "c:1: 'waivers' must be a list"},
      {"waivers:\n  - w.yaml", "c:2: an item must be an absolute path"},
      {"roots: {proc: proc}", "c:1: 'proc' must be an absolute path"},
      {"roots: {root: /}", "c:1: unknown key 'root'"},
      {"state_dir: state", "c:1: 'state_dir' must be an absolute path"},
      {"classes: [pod]", "c:1: 'pod' is no class"},
      {"classes: []", "c:1: 'classes' must name a class"},
      {"classes: [vm, vm]", "c:1: 'vm' repeated"},
      {"select: []", "c:1: 'select' must be a mapping"},
      {"scan: {interval: 15}", "c:1: 'interval' must be a time like"},
      {"scan: {interval: 10ms}", "c:1: 'interval' must be a time like"},
      {"scan: {interval: 10m}", "c:1: 'full_every' must not be less"},
      {"scan: 15s", "c:1: 'scan' must be a mapping"},
      {"collect: {source: events}", "c:1: 'source' must be auto, bpf or proc"},
      {"collect: {threads: on}", "c:1: 'threads' must be true or false"},
      {"metrics: {max_series: 10}", "c:1: 'max_series' must be a whole number"},
      {"metrics: {violation_min_severity: bad}", "c:1: 'violation_min_severity' must be info"},
      {"events: {max_size: 64M}", "c:1: 'max_size' must be a size like 64MiB, from 64KiB to 1TiB"},
      {"events: {debounce: 0}", "c:1: 'debounce' must be"},
      {"log: {level: loud}", "c:1: 'level' must be debug, info, warn or error"},
      {"web_config: web.yaml", "c:1: "},
      {"hooks:", "c:1: 'hooks' must be a list"}};
  for (const auto& [text, message] : cases) {
    const auto config = LoadConfig(text, "c");
    ASSERT_FALSE(config) << text;
    EXPECT_TRUE(config.error().message.starts_with(message)) << config.error().message;
  }
}

}  // namespace
}  // namespace hullmark
