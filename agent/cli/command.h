// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/collect/collect.h"
#include "agent/collect/collector.h"
#include "agent/config/config.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace CLI {
class App;
}  // namespace CLI

namespace hullmark {

// Exit statuses, the same for every command.
enum class Exit : std::uint8_t {
  kDone = 0,       // Done; thresholds met.
  kViolation = 1,  // A threshold is violated, or two sources differ.
  kUsage = 2,      // Usage, configuration or trust error.
  kBlind = 3,      // Could not look, or looked at too little.
};

// What main gives and a test replaces.
struct Wiring {
  RootPaths roots;     // Defaults of the root options.
  std::string config;  // The configuration that is read, if it is there and none is named.
  std::function<Timestamp()> now;
  std::string_view version;
  // What OpenTasks does; none: all is read through /proc.
  std::function<Tasks(const Roots& roots, bool insisted)> open_tasks{};
};

// Options that stand before every command.
struct GlobalOptions {
  std::string command{};    // How the caller typed the program: hints have to work when pasted.
  std::string config{};     // File; "": none.
  std::string benchmark{};  // File; "": the compiled-in one.
  std::string overrides{};  // File; "": none.
  std::vector<std::string> waivers{};
  Config site{};              // What `config` says, or the defaults.
  bool without_site = false;  // It could not be read, and the command goes on.
  // Whether an option was on the command line: then the configuration does not change it.
  std::function<bool(const char* option)> given{};
  // The options as they were typed, with what the configuration says now.
  std::function<Result<GlobalOptions>()> reread{};
  RootPaths roots;
  std::string log_level = "warn";
  std::string log_format = "text";
};

// A subcommand: Setup adds its options to `app` and returns what runs it once they are parsed.
struct Command {
  std::string_view name;
  std::string_view sentence;
  std::function<Exit()> (*setup)(CLI::App& app, const GlobalOptions& global, const Wiring& wiring);
  bool hidden = false;  // For the program itself, not for people.
  // Runs whatever the site's configuration says, if it can be read or not.
  bool without_site = false;
};

// The commands in the order of --help.
std::span<const Command> Commands();

std::function<Exit()> SetupAudit(CLI::App& app, const GlobalOptions& global, const Wiring& wiring);
std::function<Exit()> SetupSnapshot(CLI::App& app, const GlobalOptions& global,
                                    const Wiring& wiring);
std::function<Exit()> SetupDiff(CLI::App& app, const GlobalOptions& global, const Wiring& wiring);
std::function<Exit()> SetupAgent(CLI::App& app, const GlobalOptions& global, const Wiring& wiring);
std::function<Exit()> SetupWatch(CLI::App& app, const GlobalOptions& global, const Wiring& wiring);
std::function<Exit()> SetupSeccomp(CLI::App& app, const GlobalOptions& global,
                                   const Wiring& wiring);
std::function<Exit()> SetupGateway(CLI::App& app, const GlobalOptions& global,
                                   const Wiring& wiring);
std::function<Exit()> SetupCourier(CLI::App& app, const GlobalOptions& global,
                                   const Wiring& wiring);
std::function<Exit()> SetupRunCommand(CLI::App& app, const GlobalOptions& global,
                                      const Wiring& wiring);
std::function<Exit()> SetupReleaser(CLI::App& app, const GlobalOptions& global,
                                    const Wiring& wiring);
std::function<Exit()> SetupUndo(CLI::App& app, const GlobalOptions& global, const Wiring& wiring);
std::function<Exit()> SetupControls(CLI::App& app, const GlobalOptions& global,
                                    const Wiring& wiring);
std::function<Exit()> SetupExplain(CLI::App& app, const GlobalOptions& global,
                                   const Wiring& wiring);
std::function<Exit()> SetupCheckConfig(CLI::App& app, const GlobalOptions& global,
                                       const Wiring& wiring);

// Parses the arguments and runs a command. Reports go to stdout, everything else to stderr.
Exit Run(int count, const char* const* arguments, const Wiring& wiring);

}  // namespace hullmark
