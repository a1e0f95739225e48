// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/agent_flags.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "agent/config/config.h"

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
    "  /api/v1/actions           what was done about it, or would have been\n"
    "  /api/v1/events            what changes, as server-sent events\n"
    "  /api/v1/openapi.json      all of these, described\n"
    "\n"
    "A process without privileges (user hullmark, else 65534) speaks to clients; the\n"
    "one that reads the host listens nowhere. SIGHUP reads configuration, certificates,\n"
    "benchmark, overrides and waivers anew, or keeps all the old ones if one of the new\n"
    "ones is wrong. SIGTERM ends within two seconds.\n"
    "\n"
    "Exit status: 0 stopped by a signal; 2 usage or configuration error, an address\n"
    "that cannot be listened on; 3 the first scan could not look.\n";

Config::Api ApiOfName(std::string_view name) {
  if (name == "authenticated") return Config::Api::kAuthenticated;
  return name == "off" ? Config::Api::kOff : Config::Api::kLoopback;
}

}  // namespace

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
  app.add_option("--web.config.file", flags.web_config,
                 "TLS, client certificates and passwords, as Prometheus' exporters have them")
      ->type_name("FILE");
  app.add_option("--interval", flags.interval_ms, "Between two scans: 500ms, 15s (default), 1m")
      ->transform(CLI::AsNumberWithUnit(units, CLI::AsNumberWithUnit::UNIT_REQUIRED, "DURATION"))
      ->check(CLI::Range(std::uint64_t{100}, std::uint64_t{86'400'000}));
  app.add_option("--textfile", flags.textfile,
                 "Also write /metrics to DIR/hullmark.prom, for a textfile collector")
      ->type_name("DIR");
  app.add_option("--state-dir", flags.state_dir,
                 "What has been told is kept here over a restart; '' keeps nothing. Default: " +
                     defaults.state_dir)
      ->type_name("DIR");
  app.add_option("--events-file", flags.events_file,
                 "Changes as JSON lines; '' writes none. Default: " + defaults.events.file)
      ->type_name("FILE");
  app.add_option("--gateway", flags.gateway,
                 "Serve through the gateway that waits at this unix socket, a unit of its own, "
                 "instead of starting one")
      ->type_name("SOCKET");
  app.add_option("--courier", flags.courier,
                 "Tell webhooks through the courier that waits at this unix socket, a unit of its "
                 "own, instead of starting one")
      ->type_name("SOCKET");
  app.add_option("--runner", flags.runner,
                 "Run programs of hooks through the unit that waits at this unix socket")
      ->type_name("SOCKET");
  app.footer(kAgentHelp);
}

void ApplyFlags(const AgentFlags& flags, Config& config) {
  if (!flags.listen.empty()) config.listen = flags.listen;
  if (!flags.api.empty()) config.api = ApiOfName(flags.api);
  if (!flags.web_config.empty()) config.web_config = flags.web_config;
  if (flags.interval_ms != 0) config.scan.interval = std::chrono::milliseconds(flags.interval_ms);
  if (flags.textfile) config.metrics.textfile = *flags.textfile;
  if (flags.state_dir) config.state_dir = *flags.state_dir;
  if (flags.events_file) config.events.file = *flags.events_file;
}

}  // namespace hullmark
