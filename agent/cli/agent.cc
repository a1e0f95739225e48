// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/agent.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstddef>
#include <cstdlib>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/cli/agent_flags.h"
#include "agent/cli/command.h"
#include "agent/cli/complain.h"
#include "agent/cli/hook_files.h"
#include "agent/cli/inputs.h"
#include "agent/cli/logging.h"
#include "agent/cli/resident.h"
#include "agent/cli/site.h"
#include "agent/cli/sources.h"
#include "agent/cli/watching.h"
#include "agent/cli/web.h"
#include "agent/collect/collect.h"
#include "agent/collect/collector.h"
#include "agent/collect/exec_reader.h"
#include "agent/config/config.h"
#include "agent/daemon/child.h"
#include "agent/daemon/enforcement.h"
#include "agent/daemon/event_memory.h"
#include "agent/daemon/gateway_process.h"
#include "agent/daemon/hook_desk.h"
#include "agent/daemon/inspection.h"
#include "agent/daemon/standard.h"
#include "agent/daemon/watcher.h"
#include "agent/encode/text.h"
#include "agent/gateway/answer.h"
#include "agent/gateway/channel.h"
#include "agent/gateway/listener.h"
#include "agent/gateway/web_settings.h"
#include "agent/hooks/endpoints.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/live.h"
#include "hullmark/policy.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

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

Result<Standard> LoadStandard(const AgentFlags& flags, const GlobalOptions& global) {
  auto standard = LoadStandard(global);
  if (standard) ApplyFlags(flags, standard->config);
  return standard;
}

Result<Fd> SealWeb(const Config& config) {
  const auto settings = LoadWebSettings(config.web_config);
  if (!settings) return std::unexpected(settings.error());
  return SealWebSettings(*settings);
}

Result<void> CheckAddresses(const Config& config) {
  std::size_t bytes = 0;
  for (const std::string& address : config.listen) {
    const auto parsed = ParseListenAddress(address);
    if (!parsed) return std::unexpected(parsed.error());
    bytes += address.size() + 1;
  }
  if (bytes < ServeOrder::kMostBytes) return {};
  return Fail(ErrorCode::kMalformed, "listen: more addresses than hullmark accepts");
}

// What a running agent keeps, whatever the new configuration says.
void WarnOfRestart(const Config& running, const Config& wanted) {
  const auto warn = [](std::string_view key, bool changed) {
    if (changed) spdlog::warn("{} has changed: that takes a restart of the agent", key);
  };
  warn("listen", running.listen != wanted.listen);
  warn("api", running.api != wanted.api);
  warn("state_dir", running.state_dir != wanted.state_dir);
  warn("events.file", running.events.file != wanted.events.file);
  warn("events.max_size or events.keep", running.events.max_size != wanted.events.max_size ||
                                             running.events.keep != wanted.events.keep);
  warn("log", running.log != wanted.log);
  warn("scan.full_every", running.scan.full_every != wanted.scan.full_every);
  warn("collect.source", running.source != wanted.source);
  warn("watch", running.watch != wanted.watch);
  warn("collect.threads", running.threads != wanted.threads);
  warn("roots", running.proc_root != wanted.proc_root || running.sys_root != wanted.sys_root ||
                    running.cgroup_root != wanted.cgroup_root);
}

std::vector<std::string> GatewayCommand(const Config& config, const GlobalOptions& global) {
  if (config.listen.empty()) return {};
  std::vector<std::string> command = {"hullmark",
                                      "--log-level",
                                      global.log_level,
                                      "--log-format",
                                      global.log_format,
                                      "gateway",
                                      "--fd",
                                      std::to_string(kChannelFd),
                                      "--api",
                                      std::string(NameOf(config.api)),
                                      "--web"};
  for (const std::string& address : config.listen) {
    command.emplace_back("--listen");
    command.push_back(address);
  }
  return command;
}

ApiRule RuleOf(Config::Api api) {
  switch (api) {
    case Config::Api::kLoopback:
      return ApiRule::kLoopback;
    case Config::Api::kAuthenticated:
      return ApiRule::kAuthenticated;
    case Config::Api::kOff:
      return ApiRule::kOff;
  }
  return ApiRule::kOff;
}

std::optional<GatewayUnit> UnitOf(const AgentFlags& flags, const Config& config) {
  if (flags.gateway.empty() || config.listen.empty()) return std::nullopt;
  return GatewayUnit{.socket = flags.gateway,
                     .order = {.listen = config.listen, .api = RuleOf(config.api)}};
}

EventMemory OpenMemory(const Config& config) {
  return EventMemory::Open(
      {.state_dir = config.state_dir,
       .events_file = config.events.file,
       .limits = {.max_size = config.events.max_size, .keep = config.events.keep},
       .user = Uid{geteuid()}},
      [](const std::string& message) { spdlog::warn("{}", message); });
}

Exit ExitOf(AgentEnd end) {
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

Result<Fd> SealHooks(const Config& config) {
  const auto endpoints = LoadEndpoints(config.hooks);
  if (!endpoints) return std::unexpected(endpoints.error());
  return SealEndpoints(*endpoints);
}

std::vector<std::string> CommandOf(const GlobalOptions& global, const char* name) {
  return {"hullmark",        "--log-level", global.log_level, "--log-format",
          global.log_format, name,          "--fd",           std::to_string(kChannelFd)};
}

HookDesk::Options HookOptions(const AgentFlags& flags, const GlobalOptions& global,
                              const Wiring& wiring, const EventMemory& memory) {
  const std::string directory = memory.OwnDirectory();
  return {.directory = directory.empty() ? "" : directory + "/hooks",
          .user = Uid{geteuid()},
          .decided = memory.last_id(),
          .courier = {.command = CommandOf(global, "courier"), .socket = flags.courier},
          .runner = {.command = CommandOf(global, "run-command"), .socket = flags.runner},
          .now = wiring.now};
}

// All or nothing. `started`: the configuration that the agent was started with.
Result<Reloaded> Reload(Result<Standard> anew, const Config& started, Inspection& inspection,
                        HookDesk& desk) {
  auto web = anew ? SealWeb(anew->config) : Result<Fd>(std::unexpected(anew.error()));
  auto hooks = web ? SealHooks(anew->config) : Result<Fd>(std::unexpected(web.error()));
  if (!hooks) {
    inspection.KeepAfterBadReload();
    return std::unexpected(hooks.error());
  }
  WarnOfRestart(started, anew->config);
  desk.SetHooks(anew->config.hooks, std::move(*hooks));
  inspection.Replace(std::move(*anew));
  return Reloaded{.timing = inspection.timing(), .web = std::move(*web)};
}

using Look = std::function<Result<Snapshot>(const Standard&)>;

// Who takes back what is in force when the agent is killed: a child; under systemd ExecStopPost=,
// since a child would be killed with it.
std::vector<std::string> Releasing() {
  if (getenv("NOTIFY_SOCKET") != nullptr) return {};
  return {"hullmark", "releaser"};
}

// How an agent acts upon what it finds. Copied trees are never acted upon.
std::function<Result<std::unique_ptr<Enforcement>>(const Standard&)> Hands(
    const GlobalOptions& global, const Wiring& wiring, HookDesk& desk, Look look,
    std::string state_dir) {
  return [&global, &wiring, &desk, look = std::move(look), state_dir = std::move(state_dir)](
             const Standard&) -> Result<std::unique_ptr<Enforcement>> {
    if (global.roots.plain) {
      return Fail(ErrorCode::kMalformed, "enforce: the roots are copied trees");
    }
    return Enforcement::Open(
        {.state_dir = state_dir,
         .proc_root = global.roots.proc,
         .user = Uid{geteuid()},
         .now = wiring.now,
         .look = look,
         .open_records = [&global]() -> Result<ExecReader::ReadRecord> {
           const auto roots = OpenRoots(global.roots);
           return roots ? OpenOneTask(*roots) : std::unexpected(roots.error());
         },
         .call = [&desk](const std::string& hook,
                         const Event& event) { return desk.Call(hook, event); },
         .releaser_command = Releasing()});
  };
}

// A person who watches the log reads of it at once; it is an event when the next look finds it.
void LogViolations(const LiveExec& exec) {
  for (const LiveViolation& violation : exec.violations) {
    spdlog::log(violation.severity >= Severity::kHigh ? spdlog::level::warn : spdlog::level::info,
                "{}: {} by {} (pid {}): {}",
                Printable(exec.container.empty() ? exec.container_id : exec.container),
                violation.control, Printable(exec.executable), exec.pid, Printable(violation.fact));
  }
}

Exit RunResident(const AgentFlags& flags, GlobalOptions global, const Wiring& wiring) {
  PrepareProcess();
  StartLogging(global.log_level, global.log_format);
  auto standard = LoadStandard(flags, global);
  if (!standard) return Complain(standard.error(), Exit::kUsage);
  const Config started = standard->config;
  const auto addresses = CheckAddresses(started);
  if (!addresses) return Complain(addresses.error(), Exit::kUsage);
  auto web = SealWeb(started);
  if (!web) return Complain(web.error(), Exit::kUsage);
  auto hooks = SealHooks(started);
  if (!hooks) return Complain(hooks.error(), Exit::kUsage);
  auto roots = OpenRoots(global.roots);
  if (!roots) return Complain(roots.error(), Exit::kBlind);
  const Watching watching =
      BeginWatching(*roots, started.watch, LogViolations, Watcher::Tells::kViolations);
  Tasks tasks = ChooseTasks(*roots, wiring, started.source);
  Collector collector(std::move(*roots), WhatToKeep(started), std::move(tasks));
  EventMemory memory = OpenMemory(started);
  HookDesk desk(HookOptions(flags, global, wiring, memory));
  desk.SetHooks(started.hooks, std::move(*hooks));
  const auto look = [&](const Standard& by) {
    const Wanted wanted = WantedBy(by.benchmark, by.config, by.waivers);
    const bool had = collector.has_records();
    auto snapshot = collector.Look(HowToLook(global, wiring, wanted));
    WarnOfLoss(collector, had);
    return snapshot;
  };
  if (started.enforce.mode == EnforceMode::kOff) {
    TakeBackLeftovers(started.state_dir, Uid{geteuid()}, wiring.now);
  }
  Inspection inspection({.look = look,
                         .now = wiring.now,
                         .version = std::string(wiring.version),
                         .command = global.command,
                         .watcher = watching.watcher.get(),
                         .hooks = &desk,
                         .enforce = Hands(global, wiring, desk, look, started.state_dir)},
                        std::move(*standard), std::move(memory));
  const AgentEnd end = RunAgent(
      {.timing = inspection.timing(),
       .gateway_command = GatewayCommand(started, global),
       .gateway_unit = UnitOf(flags, started),
       .web = std::move(*web),
       .cgroup_root = global.roots.cgroup,
       .scan = [&](const ScanOrder& order) { return inspection.Scan(order); },
       .after_scan = AfterScan(inspection),
       .let_go_fd = collector.fd(),
       .let_go = [&collector] { collector.LetGo(); },
       .wanted_fd = watching.watcher ? watching.watcher->fd() : -1,
       .take_wanted = [&watching] { return watching.watcher->TakeWanted(); },
       .tend = [&inspection] { return inspection.Tend(); },
       .stop_acting = [&inspection] { return inspection.StopActing(); },
       .take_back = [&inspection] { inspection.TakeBackIfIdle(); },
       .reload = [&] { return Reload(LoadStandard(flags, global), started, inspection, desk); }});
  inspection.Close();
  return ExitOf(end);
}

}  // namespace

std::function<Exit()> SetupAgent(CLI::App& app, const GlobalOptions& global, const Wiring& wiring) {
  const auto flags = std::make_shared<AgentFlags>();
  AddAgentFlags(app, *flags);
  const CLI::Option* const level = app.get_parent()->get_option("--log-level");
  const CLI::Option* const format = app.get_parent()->get_option("--log-format");
  return [flags, level, format, &global, &wiring] {
    GlobalOptions own = global;
    if (level->count() == 0) own.log_level = global.site.log.level;
    if (format->count() == 0) own.log_format = global.site.log.format;
    return RunResident(*flags, std::move(own), wiring);
  };
}

}  // namespace hullmark
