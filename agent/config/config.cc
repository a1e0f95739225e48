// SPDX-License-Identifier: Apache-2.0
#include "agent/config/config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "agent/benchmark/fields.h"
#include "agent/benchmark/yaml_tree.h"
#include "agent/config/enforce.h"
#include "agent/config/hooks.h"
#include "agent/config/values.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

using std::chrono::hours, std::chrono::milliseconds, std::chrono::seconds;

// "127.0.0.1:9723", "[::1]:9723", ":9723"; port 0 lets the kernel choose. Nothing that the gateway
// would refuse to listen on (agent/gateway/listener.h) may pass: the next start would fail.
bool IsHostAndPort(std::string_view address) {
  const auto colon = address.rfind(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view host = address.substr(0, colon);
  const std::string_view port = address.substr(colon + 1);
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc{} || end != port.data() + port.size()) return false;
  if (host.empty()) return true;
  const bool v6 = host.size() > 2 && host.front() == '[' && host.back() == ']';
  const std::string inside(v6 ? host.substr(1, host.size() - 2) : host);
  in6_addr parsed = {};
  return inet_pton(v6 ? AF_INET6 : AF_INET, inside.c_str(), &parsed) == 1;
}

std::vector<std::string> ReadListen(const YamlNode* node, FieldReader& reading) {
  constexpr std::string_view kSocket = "unix:/";
  if (node->kind == YamlKind::kSequence && node->children.empty()) return {};
  std::vector<std::string> addresses = ReadOneOrMore(node, reading);
  for (const std::string& address : addresses) {
    const bool socket = address.starts_with(kSocket) && address.size() > kSocket.size();
    if (socket || IsHostAndPort(address)) continue;
    reading.Complain(node->line, Quoted(address) +
                                     " is no address like 127.0.0.1:9723, [::1]:9723, "
                                     ":9723 or unix:/run/hullmark/http.sock");
  }
  return addresses;
}

std::vector<std::string> ReadPaths(const YamlNode* node, FieldReader& reading) {
  std::vector<std::string> paths;
  for (const YamlNode& item : ReadItems(node, reading)) paths.push_back(ReadPath(&item, reading));
  return paths;
}

// What is absent keeps its default.
class ConfigReader {
 public:
  ConfigReader(const YamlNode* root, std::string_view name, FieldReader& reading)
      : root_(root, reading), name_(name), reading_(reading) {}

  Config Read();

 private:
  void ReadPlaces();
  void ReadWho();
  void ReadScan();
  void ReadCollect();
  void ReadWatch();
  void ReadMetrics();
  void ReadEvents();
  void ReadLog();

  Fields root_;
  std::string_view name_;
  FieldReader& reading_;
  Config config_;
};

void ConfigReader::ReadPlaces() {
  if (const auto* node = root_.TakeOptional("web_config")) {
    config_.web_config = ReadPathOrNone(node, reading_);
  }
  if (const auto* node = root_.TakeOptional("benchmark")) {
    config_.benchmark = ReadPathOrNone(node, reading_);
  }
  if (const auto* node = root_.TakeOptional("overrides")) {
    config_.overrides = ReadPathOrNone(node, reading_);
  }
  if (const auto* node = root_.TakeOptional("waivers")) config_.waivers = ReadPaths(node, reading_);
  if (const auto* node = root_.TakeOptional("state_dir"))
    config_.state_dir = ReadPathOrNone(node, reading_);
  const auto* roots = root_.TakeOptional("roots");
  if (roots == nullptr) return;
  Fields fields(roots, reading_);
  const auto read = [&](std::string_view key, std::string& path) {
    if (const auto* node = fields.TakeOptional(key)) path = ReadPath(node, reading_);
  };
  read("proc", config_.proc_root);
  read("sys", config_.sys_root);
  read("cgroup", config_.cgroup_root);
  fields.RefuseOthers();
}

void ConfigReader::ReadWho() {
  if (const auto* node = root_.TakeOptional("classes"))
    config_.classes = ReadClasses(node, reading_);
  if (const auto* node = root_.TakeOptional("infrastructure")) {
    config_.infrastructure = ReadSelector(node, reading_);
  }
  if (const auto* node = root_.TakeOptional("select"))
    config_.select = ReadSelector(node, reading_);
}

void ConfigReader::ReadScan() {
  const auto* scan = root_.TakeOptional("scan");
  if (scan == nullptr) return;
  Fields fields(scan, reading_);
  const auto read = [&](std::string_view key, milliseconds least, milliseconds& time) {
    const auto* node = fields.TakeOptional(key);
    if (node != nullptr) time = ReadDuration(node, least, hours(24), reading_);
  };
  read("interval", milliseconds(100), config_.scan.interval);
  read("full_every", milliseconds(100), config_.scan.full_every);
  read("budget", milliseconds(100), config_.scan.budget);
  if (config_.scan.full_every < config_.scan.interval) {
    reading_.Complain(scan->line, "'full_every' must not be less than 'interval'");
  }
  fields.RefuseOthers();
}

void ConfigReader::ReadWatch() {
  constexpr std::array<std::string_view, 4> kSources = {"auto", "bpf", "proc_connector",
                                                        "none"};  // By Source.
  const auto* watch = root_.TakeOptional("watch");
  if (watch == nullptr) return;
  Fields fields(watch, reading_);
  if (const auto* node = fields.TakeOptional("source")) {
    config_.watch.source = static_cast<Config::Watch::Source>(ReadWord(node, kSources, reading_));
  }
  if (const auto* node = fields.TakeOptional("rescan")) {
    config_.watch.rescan = ReadDuration(node, milliseconds(100), hours(1), reading_);
  }
  fields.RefuseOthers();
}

void ConfigReader::ReadCollect() {
  constexpr std::array<std::string_view, 3> kSources = {"auto", "bpf", "proc"};  // By Source.
  const auto* collect = root_.TakeOptional("collect");
  if (collect == nullptr) return;
  Fields fields(collect, reading_);
  if (const auto* node = fields.TakeOptional("source")) {
    config_.source = static_cast<Config::Source>(ReadWord(node, kSources, reading_));
  }
  if (const auto* node = fields.TakeOptional("threads")) config_.threads = ReadBool(node, reading_);
  fields.RefuseOthers();
}

void ConfigReader::ReadMetrics() {
  constexpr std::int64_t kMostSeries = 10'000'000;
  const auto* metrics = root_.TakeOptional("metrics");
  if (metrics == nullptr) return;
  Fields fields(metrics, reading_);
  if (const auto* node = fields.TakeOptional("max_series")) {
    config_.metrics.max_series =
        static_cast<std::size_t>(ReadInteger(node, 1000, kMostSeries, reading_));
  }
  if (const auto* node = fields.TakeOptional("violations")) {
    config_.metrics.violations = ReadBool(node, reading_);
  }
  if (const auto* node = fields.TakeOptional("violation_min_severity")) {
    config_.metrics.violation_min_severity = ReadSeverity(node, reading_);
  }
  if (const auto* node = fields.TakeOptional("textfile")) {
    config_.metrics.textfile = ReadPathOrNone(node, reading_);
  }
  fields.RefuseOthers();
}

void ConfigReader::ReadEvents() {
  const auto* events = root_.TakeOptional("events");
  if (events == nullptr) return;
  Fields fields(events, reading_);
  if (const auto* node = fields.TakeOptional("file")) {
    config_.events.file = ReadPathOrNone(node, reading_);
  }
  if (const auto* node = fields.TakeOptional("max_size")) {
    config_.events.max_size = ReadSize(node, 64U << 10, std::uint64_t{1} << 40, reading_);
  }
  if (const auto* node = fields.TakeOptional("keep")) {
    config_.events.keep = static_cast<int>(ReadInteger(node, 0, 1000, reading_));
  }
  if (const auto* node = fields.TakeOptional("debounce")) {
    config_.events.debounce = static_cast<int>(ReadInteger(node, 1, 100, reading_));
  }
  fields.RefuseOthers();
}

void ConfigReader::ReadLog() {
  constexpr std::array<std::string_view, 4> kLevels = {"debug", "info", "warn", "error"};
  constexpr std::array<std::string_view, 2> kFormats = {"text", "json"};
  const auto* log = root_.TakeOptional("log");
  if (log == nullptr) return;
  Fields fields(log, reading_);
  if (const auto* node = fields.TakeOptional("level")) {
    config_.log.level = kLevels[ReadWord(node, kLevels, reading_)];
  }
  if (const auto* node = fields.TakeOptional("format")) {
    config_.log.format = kFormats[ReadWord(node, kFormats, reading_)];
  }
  fields.RefuseOthers();
}

Config ConfigReader::Read() {
  constexpr std::array<std::string_view, 3> kApis = {"loopback", "authenticated", "off"};
  if (const auto* node = root_.TakeOptional("listen")) config_.listen = ReadListen(node, reading_);
  if (const auto* node = root_.TakeOptional("api")) {
    config_.api = static_cast<Config::Api>(ReadWord(node, kApis, reading_));
  }
  ReadPlaces();
  ReadWho();
  ReadScan();
  ReadCollect();
  ReadWatch();
  ReadMetrics();
  ReadEvents();
  ReadLog();
  if (const auto* node = root_.TakeOptional("hooks")) config_.hooks = ReadHooks(node, reading_);
  const YamlNode* const enforce = root_.TakeOptional("enforce");
  config_.enforce = ReadPolicy(enforce, config_.hooks, name_, reading_);
  if (std::ranges::any_of(config_.enforce.rules, BansExecs) && RulesOutBpf(config_)) {
    reading_.Complain(
        enforce->line,
        "'kill_at_exec' needs bpf, which 'collect.source' or 'watch.source' rules out");
  }
  root_.RefuseOthers();
  return config_;
}

}  // namespace

bool RulesOutBpf(const Config& config) {
  using Watch = Config::Watch::Source;
  return config.source == Config::Source::kProc || config.watch.source == Watch::kNone ||
         config.watch.source == Watch::kProcConnector;
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): swapped, the first line already fails.
Result<Config> LoadConfig(std::string_view text, std::string_view name) {
  FieldReader reading(name);
  const std::expected<YamlNode, YamlProblem> root = ParseYaml(text);
  if (!root) reading.Complain(root.error().line, root.error().what);
  Config config = ConfigReader(root ? &*root : nullptr, name, reading).Read();
  const std::optional<Error>& problem = reading.problem();
  if (problem) return std::unexpected(*problem);
  return config;
}

}  // namespace hullmark
