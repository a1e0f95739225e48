// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <iostream>
#include <memory>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include "agent/cli/command.h"
#include "agent/cli/complain.h"
#include "agent/cli/logging.h"
#include "agent/cli/site.h"

namespace hullmark {
namespace {

constexpr std::array kCommands = {
    Command{.name = "audit",
            .sentence = "Look once at every container on this host, judge, print the report",
            .setup = SetupAudit},
    Command{.name = "snapshot",
            .sentence = "Write what the kernel says as one JSON document, to be judged elsewhere",
            .setup = SetupSnapshot},
    Command{.name = "diff",
            .sentence = "Tell what changed between two reports or snapshots",
            .setup = SetupDiff},
    Command{.name = "agent",
            .sentence = "Stay resident: scan, serve metrics and reports",
            .setup = SetupAgent},
    Command{.name = "watch",
            .sentence = "Tell of processes, violations and resolutions as they happen",
            .setup = SetupWatch},
    Command{
        .name = "seccomp",
        .sentence = "Tell what the seccomp filters of a container permit, and what is left open",
        .setup = SetupSeccomp},
    Command{.name = "undo",
            .sentence = "Take back what the agent has done to containers",
            .setup = SetupUndo,
            .without_site = true},
    Command{.name = "controls",
            .sentence = "List the controls of the benchmark",
            .setup = SetupControls},
    Command{.name = "explain",
            .sentence = "Tell one control: why it matters, what is read, how to fix it",
            .setup = SetupExplain},
    Command{.name = "check-config",
            .sentence = "Validate the site's files and say in words what they will do",
            .setup = SetupCheckConfig},
    Command{.name = "gateway",
            .sentence = "Serve what an agent publishes",
            .setup = SetupGateway,
            .hidden = true},
    Command{.name = "courier",
            .sentence = "Deliver what hooks are told",
            .setup = SetupCourier,
            .hidden = true},
    Command{.name = "run-command",
            .sentence = "Run one program of a hook",
            .setup = SetupRunCommand,
            .hidden = true},
    Command{.name = "releaser",
            .sentence = "Take back what an agent has done when it is gone",
            .setup = SetupReleaser,
            .hidden = true},
};

constexpr std::size_t kHelpColumns = 80;

// `text` in lines of at most `width` bytes, broken at blanks.
std::string Wrap(std::string_view text, std::size_t width) {
  std::string wrapped;
  std::size_t column = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" \n"), text.size());
    const bool newline = column > 0 && column + 1 + end > width;
    if (column > 0) wrapped += newline ? '\n' : ' ';
    column = (newline || column == 0 ? 0 : column + 1) + end;
    wrapped += text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return wrapped;
}

// --help in the width of a terminal.
class NarrowHelp : public CLI::Formatter {
 public:
  std::string make_option_desc(const CLI::Option* option) const override {
    return Wrap(CLI::Formatter::make_option_desc(option), Width());
  }
  std::string make_subcommand(const CLI::App* command) const override {
    std::ostringstream line;
    CLI::detail::format_help(line, command->get_display_name(true),
                             Wrap(command->get_description(), Width()), get_column_width());
    return line.str();
  }

 private:
  std::size_t Width() const { return kHelpColumns - get_column_width(); }
};

void AddGlobalOptions(CLI::App& app, const std::string& standard, GlobalOptions& global) {
  app.add_option("--config", global.config,
                 "Site configuration; options given beside it come first. Default: " + standard +
                     ", if there")
      ->type_name("FILE");
  app.add_option("--benchmark", global.benchmark, "Benchmark file instead of the compiled-in one")
      ->type_name("FILE");
  app.add_option("--overrides", global.overrides, "The site's changes to the benchmark")
      ->type_name("FILE");
  app.add_option("--waivers", global.waivers, "Findings that are accepted; repeatable")
      ->type_name("FILE")
      ->allow_extra_args(false);
  app.add_option("--proc-root", global.roots.proc, "A procfs, e.g. the host's in a container")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option("--sys-root", global.roots.sys, "A sysfs")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option("--cgroup-root", global.roots.cgroup, "Where cgroup file systems are mounted")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_flag("--plain-roots", global.roots.plain,
               "The roots are copied trees, not kernel file systems");
  app.add_option("--log-level", global.log_level, "Messages on stderr")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->capture_default_str();
  app.add_option("--log-format", global.log_format, "How messages are written")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
}

constexpr const char* kExamples =
    "Examples:\n"
    "  sudo hullmark audit                      the report, for people\n"
    "  sudo hullmark audit --format json        the same, for programs\n"
    "  sudo hullmark audit --fail-on high       exit 1 when a high control fails\n"
    "  sudo hullmark snapshot --output s.json   take facts here ...\n"
    "  hullmark audit --snapshot s.json         ... judge them there\n"
    "  hullmark diff old.json new.json          what changed between two reports\n"
    "  sudo hullmark agent                      stay, serve /metrics on port 9723\n"
    "  sudo hullmark seccomp web                what its system call filter permits\n"
    "  hullmark explain CAP-001                 what a finding means, how to fix it\n"
    "\n"
    "Exit status: 0 done, thresholds met; 1 a threshold is violated; 2 usage or\n"
    "configuration error; 3 could not look (or coverage below --min-coverage).\n";

struct Chosen {
  std::function<Exit()> run{};
  const Command* command = nullptr;
};

// `chosen` is filled when the arguments have been parsed.
void AddCommands(CLI::App& app, const GlobalOptions& global, const Wiring& wiring, Chosen& chosen) {
  for (const Command& command : kCommands) {
    CLI::App* const sub =
        app.add_subcommand(std::string(command.name), std::string(command.sentence));
    sub->fallthrough();
    if (command.hidden) sub->group("");
    const auto run = command.setup(*sub, global, wiring);
    sub->callback([&chosen, &command, run] { chosen = {.run = run, .command = &command}; });
  }
}

}  // namespace

std::span<const Command> Commands() { return kCommands; }

Exit Run(int count, const char* const* arguments, const Wiring& wiring) {
  CLI::App app{
      "hullmark: a host hardening benchmark for containers. It reads what the kernel\n"
      "says about every container process and judges it; no runtime socket, nothing\n"
      "is touched."};
  GlobalOptions global{.command = count > 0 ? arguments[0] : "hullmark", .roots = wiring.roots};
  app.formatter(std::make_shared<NarrowHelp>());  // Commands inherit it.
  AddGlobalOptions(app, wiring.config, global);
  global.given = [&app](const char* option) { return app.count(option) > 0; };
  app.set_version_flag("--version", "hullmark " + std::string(wiring.version));
  app.footer(kExamples);
  app.require_subcommand(1);
  app.fallthrough();
  Chosen chosen;
  AddCommands(app, global, wiring, chosen);
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {
      app.exit(error, std::cout, std::cerr);  // --help and --version.
      return Exit::kDone;
    }
    Complain({.message = error.what()}, Exit::kUsage);
    return Complain({.message = "see '" + global.command + " --help'"}, Exit::kUsage);
  }
  StartLogging(global.log_level, global.log_format);
  if (chosen.command->hidden) return chosen.run();  // All that it needs comes from who started it.
  const auto reread = [typed = global, &wiring] { return ApplyConfig(wiring.config, typed); };
  auto applied = reread();
  if (!applied) Complain(applied.error(), Exit::kUsage);
  if (!applied && !chosen.command->without_site) return Exit::kUsage;
  if (applied) global = std::move(*applied);
  global.without_site = !applied;
  global.reread = reread;
  return chosen.run();
}

}  // namespace hullmark
