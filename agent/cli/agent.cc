// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/agent.h"

#include <malloc.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/cli/command.h"
#include "agent/cli/complain.h"
#include "agent/cli/inputs.h"
#include "agent/cli/logging.h"
#include "agent/cli/metrics_body.h"
#include "agent/cli/output.h"
#include "agent/config/config.h"
#include "agent/daemon/gateway_process.h"
#include "agent/daemon/publish.h"
#include "agent/evaluate/evaluate.h"
#include "agent/gateway/listener.h"
#include "agent/sinks/report_sinks.h"
#include "hullmark/benchmark.h"
#include "hullmark/report.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr const char* kAgentHelp =
    "The agent scans every --interval, soon after a container was born or died, and\n"
    "on SIGUSR1. It serves what it found last; a request never causes a scan.\n"
    "\n"
    "  /metrics                  for Prometheus\n"
    "  /healthz /readyz          alive; the last scan is fresh\n"
    "  /                         a page for people\n"
    "  /api/v1/report            the report of 'audit --format json'\n"
    "  /api/v1/containers[/ID]   one line per container; one container whole\n"
    "  /api/v1/violations        what fails\n"
    "\n"
    "A process without privileges (user hullmark, else 65534) speaks to clients; the\n"
    "one that reads the host listens nowhere. SIGHUP takes the benchmark anew, or\n"
    "keeps the old one if the new one is wrong. SIGTERM ends within two seconds.\n"
    "\n"
    "Exit status: 0 stopped by a signal; 2 usage or configuration error, an address\n"
    "that cannot be listened on; 3 the first scan could not look.\n";

// Flags as they were typed; what was not keeps the configuration's value.
struct AgentFlags {
  std::vector<std::string> listen;
  std::string api;
  std::uint64_t interval_ms = 0;
  std::string textfile;
};

void AddAgentFlags(CLI::App& app, AgentFlags& flags) {
  const Config defaults;
  const std::map<std::string, std::uint64_t> units = {
      {"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}};
  app.add_option("--listen", flags.listen,
                 "HOST:PORT, [V6]:PORT, :PORT or unix:PATH; repeatable. Default: " +
                     defaults.listen.front())
      ->type_name("ADDRESS")
      ->allow_extra_args(false);
  app.add_option("--api", flags.api,
                 "Who gets more than /metrics, /healthz and /readyz: who connects over loopback or "
                 "a unix socket, who is authenticated, nobody")
      ->check(CLI::IsMember({"loopback", "authenticated", "off"}));
  app.add_option("--interval", flags.interval_ms, "Between two scans: 500ms, 15s (default), 1m")
      ->transform(CLI::AsNumberWithUnit(units, CLI::AsNumberWithUnit::UNIT_REQUIRED, "DURATION"))
      ->check(CLI::Range(std::uint64_t{100}, std::uint64_t{86'400'000}));
  app.add_option("--textfile", flags.textfile,
                 "Also write /metrics to DIR/hullmark.prom, for a textfile collector")
      ->type_name("DIR");
  app.footer(kAgentHelp);
}

Config::Api ApiOfName(std::string_view name) {
  if (name == "authenticated") return Config::Api::kAuthenticated;
  return name == "off" ? Config::Api::kOff : Config::Api::kLoopback;
}

std::string_view NameOf(Config::Api api) {
  switch (api) {
    case Config::Api::kLoopback:
      return "loopback";
    case Config::Api::kAuthenticated:
      return "authenticated";
    case Config::Api::kOff:
      return "off";
  }
  return "off";
}

Config ConfigOf(const AgentFlags& flags) {
  Config config;
  if (!flags.listen.empty()) config.listen = flags.listen;
  if (!flags.api.empty()) config.api = ApiOfName(flags.api);
  if (flags.interval_ms != 0) config.scan.interval = std::chrono::milliseconds(flags.interval_ms);
  if (!flags.textfile.empty()) config.metrics.textfile = flags.textfile;
  return config;
}

// The inspector's work, from one reload to the next.
class Inspection {
 public:
  Inspection(Config config, const GlobalOptions& global, const Wiring& wiring)
      : config_(std::move(config)), global_(global), wiring_(wiring) {}

  // All or nothing: on an error what was loaded before stays.
  Result<LoopTiming> Load() {
    auto loaded = LoadChosenBenchmark(global_);
    if (!loaded) return std::unexpected(loaded.error());
    loaded_ = std::move(*loaded);
    return LoopTiming{.interval = config_.scan.interval, .budget = config_.scan.budget};
  }

  Result<Fd> Scan(const ScanOrder& order) const {
    const auto began = std::chrono::steady_clock::now();
    const auto snapshot = LookAtHost(global_, wiring_, loaded_.benchmark);
    if (!snapshot) return std::unexpected(snapshot.error());
    if (snapshot->processes.empty()) {
      return Fail(ErrorCode::kDenied, "not one process: nothing was looked at");
    }
    const Report report = Evaluate(*snapshot, loaded_.benchmark, {.classes = config_.classes});
    const ReportOptions how{.generated_at = wiring_.now(),
                            .tool_version = std::string(wiring_.version),
                            .command = global_.command,
                            .select = {},
                            .classes = config_.classes};
    const ReportInput input{
        .snapshot = *snapshot, .benchmark = loaded_.benchmark, .report = report, .options = how};
    const std::string metrics = MetricsBody(input, order, std::chrono::steady_clock::now() - began);
    WriteTextfile(metrics);
    auto documents = MakeDocuments(input, metrics, order.publication);
    spdlog::debug("scan {} ({}): {} containers", order.publication.sequence, NameOf(order.reason),
                  report.containers.size());
    return documents;
  }

 private:
  // A textfile that cannot be written costs the textfile, nothing else.
  void WriteTextfile(const std::string& metrics) const {
    if (config_.metrics.textfile.empty()) return;
    const auto written = WriteOutput(config_.metrics.textfile + "/hullmark.prom",
                                     [&](const ByteSink& sink) { sink(metrics); });
    if (!written) spdlog::warn("textfile: {}", written.error().message);
  }

  Config config_;
  const GlobalOptions& global_;
  const Wiring& wiring_;
  LoadedBenchmark loaded_;
};

std::vector<std::string> GatewayCommand(const Config& config, const GlobalOptions& global) {
  std::vector<std::string> command = {"hullmark",
                                      "--log-level",
                                      global.log_level,
                                      "--log-format",
                                      global.log_format,
                                      "gateway",
                                      "--fd",
                                      std::to_string(GatewayProcess::kChannelFd),
                                      "--api",
                                      std::string(NameOf(config.api))};
  for (const std::string& address : config.listen) {
    command.emplace_back("--listen");
    command.push_back(address);
  }
  return command;
}

Exit RunResident(const AgentFlags& flags, GlobalOptions global, const Wiring& wiring) {
  // Scans are large and seldom: arenas of several threads would each keep what one took.
  mallopt(M_ARENA_MAX, 1);
  StartLogging(global.log_level, global.log_format);
  const Config config = ConfigOf(flags);
  for (const std::string& address : config.listen) {
    const auto parsed = ParseListenAddress(address);
    if (!parsed) return Complain(parsed.error(), Exit::kUsage);
  }
  Inspection inspection(config, global, wiring);
  const auto timing = inspection.Load();
  if (!timing) return Complain(timing.error(), Exit::kUsage);
  const AgentEnd end = RunAgent({.timing = *timing,
                                 .gateway_command = GatewayCommand(config, global),
                                 .cgroup_root = global.roots.cgroup,
                                 .scan =
                                     [&inspection](const ScanOrder& order) {
                                       auto made = inspection.Scan(order);
                                       malloc_trim(0);
                                       return made;
                                     },
                                 .reload = [&inspection] { return inspection.Load(); }});
  switch (end) {
    case AgentEnd::kStopped:
      return Exit::kDone;
    case AgentEnd::kNoGateway:
      return Exit::kUsage;
    case AgentEnd::kBlind:
      return Exit::kBlind;
  }
  return Exit::kDone;
}

}  // namespace

std::function<Exit()> SetupAgent(CLI::App& app, const GlobalOptions& global, const Wiring& wiring) {
  const auto flags = std::make_shared<AgentFlags>();
  AddAgentFlags(app, *flags);
  const CLI::Option* const level = app.get_parent()->get_option("--log-level");
  return [flags, level, &global, &wiring] {
    GlobalOptions own = global;
    if (level->count() == 0) own.log_level = Config{}.log.level;
    return RunResident(*flags, std::move(own), wiring);
  };
}

}  // namespace hullmark
