// SPDX-License-Identifier: Apache-2.0
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/cli/command.h"
#include "agent/cli/complain.h"
#include "agent/cli/inputs.h"
#include "agent/cli/logging.h"
#include "agent/cli/resident.h"
#include "agent/cli/site.h"
#include "agent/cli/sources.h"
#include "agent/cli/watching.h"
#include "agent/collect/collect.h"
#include "agent/collect/collector.h"
#include "agent/config/config.h"
#include "agent/daemon/agent.h"
#include "agent/daemon/event_memory.h"
#include "agent/daemon/inspection.h"
#include "agent/sinks/event_json.h"
#include "agent/sinks/event_text.h"
#include "agent/sinks/live_lines.h"
#include "hullmark/event.h"
#include "hullmark/glob.h"
#include "hullmark/live.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr const char* kWatchHelp =
    "A line for each process that begins to run a program in a container, for each\n"
    "violation, as soon as the kernel tells of it, and for each one that ends; until\n"
    "^C. What stands when it begins is counted, not listed: see 'audit'.\n"
    "\n"
    "  12:00:01.250 exec       web: sh (pid 4711, uid 0, joined)\n"
    "  12:00:01.250 violation  web: PRV-004 high, by sh (pid 4711): CapBnd has ...\n"
    "\n"
    "joined: it was not started by a process of the container (exec, nsenter). Where\n"
    "the kernel takes no program of ours (BPF), its proc connector tells of processes\n"
    "that live long enough to be read; without it scans find what lives then.\n"
    "\n"
    "--format json writes JSON lines, of schemas hullmark.live/1 and hullmark.event/1.\n"
    "\n"
    "Exit status: 0 stopped by a signal; 2 usage or configuration error; 3 could not\n"
    "look.\n";

struct WatchFlags {
  std::string format = "text";
  std::vector<std::string> select, classes;
  bool violations_only = false;
};

// Writes what happens to stdout. From two threads: of events, and of scans.
class Printer {
 public:
  explicit Printer(const WatchFlags& flags)
      : json_(flags.format == "json"), violations_only_(flags.violations_only) {
    for (const std::string& pattern : flags.select) select_.emplace_back(pattern);
  }

  void Print(const LiveExec& exec) {
    if (!IsMeant(exec.container, exec.container_id)) return;
    const std::lock_guard lock(mutex_);
    for (const LiveViolation& violation : exec.violations) {
      told_.emplace(exec.container_id, violation.control);
    }
    if (violations_only_ && exec.violations.empty()) return;
    Write(json_ ? LiveLine(exec) : LiveText(exec));
  }

  void Print(const std::vector<Event>& events) {
    const std::lock_guard lock(mutex_);
    if (std::exchange(first_, false)) return Begin(events);
    for (const Event& event : events) {
      if (IsMeant(event.name, event.container_id) && !IsTold(event)) Print(event);
    }
    told_.clear();  // The look that followed them has been told.
  }

 private:
  bool IsMeant(std::string_view name, std::string_view id) const {
    constexpr std::size_t kShortId = 12;
    return select_.empty() || std::ranges::any_of(select_, [&](const Glob& pattern) {
             return pattern.Matches(name) || pattern.Matches(id) ||
                    pattern.Matches(id.substr(0, kShortId));
           });
  }

  // The first scan tells all that there is.
  void Begin(const std::vector<Event>& events) {
    const auto count = [&](EventKind kind) {
      return std::ranges::count_if(events, [&](const Event& event) {
        return event.kind == kind && IsMeant(event.name, event.container_id);
      });
    };
    (void)std::fprintf(stderr, "watching %td containers; %td violations stand\n",
                       count(EventKind::kContainerAppeared), count(EventKind::kViolationAppeared));
  }

  // Whether it was told already when the process began.
  bool IsTold(const Event& event) {
    if (event.kind == EventKind::kViolationAppeared) {
      return told_.erase({event.container_id, event.control}) != 0;
    }
    return false;
  }

  void Print(const Event& event) {
    Write(json_ ? EventLine(event) : ClockText(event.at) + " " + EventText(event) + "\n");
  }

  static void Write(const std::string& line) {
    (void)std::fwrite(line.data(), 1, line.size(), stdout);
    (void)std::fflush(stdout);
  }

  bool json_, violations_only_;
  std::vector<Glob> select_;
  std::mutex mutex_;
  bool first_ = true;
  std::set<std::pair<std::string, std::string>> told_;  // Container id and control.
};

Exit ExitOf(AgentEnd end) { return end == AgentEnd::kBlind ? Exit::kBlind : Exit::kDone; }

Exit RunWatch(const WatchFlags& flags, const GlobalOptions& global, const Wiring& wiring) {
  PrepareProcess();
  StartLogging(global.log_level, global.log_format);
  auto standard = LoadStandard(global);
  if (!standard) return Complain(standard.error(), Exit::kUsage);
  Config& config = standard->config;
  config.events.debounce = 1;
  config.metrics.textfile.clear();
  if (!flags.classes.empty()) config.classes = ToClasses(flags.classes);
  const Config started = config;
  auto roots = OpenRoots(global.roots);
  if (!roots) return Complain(roots.error(), Exit::kBlind);
  Printer printer(flags);
  const Watching watching = BeginWatching(
      *roots, started.watch, [&printer](const LiveExec& exec) { printer.Print(exec); },
      Watcher::Tells::kEveryExec);
  if (!watching.watcher) {
    (void)std::fprintf(stderr, "the kernel does not tell of processes here: by scans alone\n");
  }
  Tasks tasks = ChooseTasks(*roots, wiring, started.source);
  Collector collector(std::move(*roots), WhatToKeep(started), std::move(tasks));
  Inspection inspection(
      {.look =
           [&](const Standard& by) {
             const Wanted wanted = WantedBy(by.benchmark, by.config, by.waivers);
             return collector.Look(HowToLook(global, wiring, wanted));
           },
       .now = wiring.now,
       .version = std::string(wiring.version),
       .command = global.command,
       .watcher = watching.watcher.get(),
       .tell = [&printer](const std::vector<Event>& events) { printer.Print(events); }},
      std::move(*standard), EventMemory::Open({}, [](const std::string&) {}));
  const AgentEnd end = RunAgent(
      {.timing = inspection.timing(),
       .gateway_command = {},
       .cgroup_root = global.roots.cgroup,
       .scan = [&](const ScanOrder& order) { return inspection.Scan(order); },
       .after_scan = AfterScan(inspection),
       .let_go_fd = collector.fd(),
       .let_go = [&collector] { collector.LetGo(); },
       .wanted_fd = watching.watcher ? watching.watcher->fd() : -1,
       .take_wanted = [&watching] { return watching.watcher->TakeWanted(); },
       .reload =
           [] {
             return Result<Reloaded>(Fail(ErrorCode::kUnsupported, "watch reads its files once"));
           }});
  return ExitOf(end);
}

}  // namespace

std::function<Exit()> SetupWatch(CLI::App& app, const GlobalOptions& global, const Wiring& wiring) {
  const auto flags = std::make_shared<WatchFlags>();
  app.add_option("--format", flags->format, "How lines are written")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  app.add_option("--select", flags->select,
                 "Only containers of this name or id, a glob; repeatable")
      ->type_name("GLOB")
      ->allow_extra_args(false);
  app.add_option("--class", flags->classes,
                 "Kinds of containers. Default: as the configuration has")
      ->delimiter(',')
      ->check(CLI::IsMember({"container", "pause", "sandbox", "service", "vm"}));
  app.add_flag("--violations", flags->violations_only, "Leave out processes that violate nothing");
  app.footer(kWatchHelp);
  return [flags, &global, &wiring] { return RunWatch(*flags, global, wiring); };
}

}  // namespace hullmark
