// SPDX-License-Identifier: Apache-2.0
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "agent/cli/command.h"
#include "agent/cli/complain.h"
#include "agent/cli/filter_query.h"
#include "agent/cli/inputs.h"
#include "agent/cli/output.h"
#include "agent/cli/terminal.h"
#include "agent/collect/stopped_filters.h"
#include "agent/encode/json_writer.h"
#include "agent/encode/text.h"
#include "agent/seccomp/profile.h"
#include "agent/seccomp/runtime_calls.h"
#include "agent/sinks/filter_sinks.h"
#include "hullmark/filter_report.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/seccomp_profile.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr const char* kSeccompHelp =
    "What becomes of every system call on every ABI of this machine, read from the\n"
    "filters as the kernel has them (BPF: CAP_BPF and CAP_PERFMON). Nobody is stopped\n"
    "and nothing is asked of a runtime.\n"
    "\n"
    "  text  per answer the calls, the conditions on arguments, ways round the filter\n"
    "        (controls SCP-001 to SCP-006), and what docker's default would do\n"
    "  json  the same, of schema hullmark.seccomp/1\n"
    "  oci   a profile that answers as the filters of the container's first process\n"
    "        do, for --security-opt seccomp=FILE and localhostProfile; where a profile\n"
    "        cannot say the same, stderr names the calls\n"
    "\n"
    "--observed FILE narrows that profile to the calls that FILE names (strace -f -c,\n"
    "aureport --syscall --summary, audit records) and those that a runtime makes to\n"
    "start a container. What was not observed is refused: observe long enough.\n"
    "\n"
    "--allow-stop asks by ptrace(2) where that is not allowed. Each process is stopped\n"
    "for some 20 microseconds, now and then for milliseconds, and calls in which it\n"
    "waits (epoll_wait and the like) return EINTR, which not every program expects;\n"
    "nobody else may trace it meanwhile. It takes CAP_SYS_ADMIN and CAP_SYS_PTRACE.\n"
    "\n"
    "Exit status: 0 done; 2 usage or configuration error, or nothing is called so;\n"
    "3 the filters are not known.\n";

struct SeccompOptions {
  std::string container;
  int pid = 0;
  std::string format = "text", output, snapshot, observed;
  bool allow_stop = false;
};

// Either a host's or a document's.
Result<Snapshot> Take(const SeccompOptions& options, const GlobalOptions& global,
                      const Wiring& wiring) {
  if (!options.snapshot.empty()) return ReadSnapshotFile(options.snapshot);
  return LookAtHost(global, wiring, {}, global.site.source);
}

SeccompProfile Propose(const FilterRules& rules, Machine machine,
                       const std::optional<std::set<std::string_view>>& observed) {
  if (!observed) return ProfileOf(rules, machine);
  std::set<std::string_view> calls = *observed;
  calls.insert(CallsOfRuntimes().begin(), CallsOfRuntimes().end());
  return ProfileOfOnly(rules, machine, calls);
}

Exit WriteProfile(const SeccompOptions& options, const Snapshot& snapshot,
                  const FilterSubject& subject) {
  std::optional<std::set<std::string_view>> observed;
  if (!options.observed.empty()) {
    auto calls = ReadObservedFile(options.observed);
    if (!calls) return Complain(calls.error(), Exit::kUsage);
    observed = *std::move(calls);
  }
  const auto rules = RulesOfFirst(snapshot, subject);
  if (!rules) return Complain(rules.error(), Exit::kBlind);
  const SeccompProfile profile = Propose(**rules, *snapshot.host.machine, observed);
  for (const std::string& departure : profile.departures) {
    spdlog::warn("the profile is not the filter: {}", departure);
  }
  const auto written =
      WriteOutput(options.output, [&](const ByteSink& sink) { WriteOciProfile(profile, sink); });
  return written ? Exit::kDone : Complain(written.error(), Exit::kUsage);
}

Exit WriteReport(const SeccompOptions& options, const FilterReport& report) {
  const auto written = WriteOutput(options.output, [&](const ByteSink& sink) {
    if (options.format == "json") {
      WriteFilterJson(report, sink);
    } else {
      WriteFilterText(report, TerminalColumns(), sink);
    }
  });
  if (!written) return Complain(written.error(), Exit::kUsage);
  const bool known =
      std::ranges::all_of(report.sets, [](const FilterSet& set) { return set.unknown.empty(); });
  return known ? Exit::kDone : Exit::kBlind;
}

Result<void> CheckTogether(const SeccompOptions& options) {
  if (options.container.empty() == (options.pid == 0)) {
    return Fail(ErrorCode::kUnsupported, "seccomp: name either a container or --pid N");
  }
  if (!options.observed.empty() && options.format != "oci") {
    return Fail(ErrorCode::kUnsupported, "--observed: proposes a profile, with --format oci only");
  }
  if (options.allow_stop && !options.snapshot.empty()) {
    return Fail(ErrorCode::kUnsupported, "--allow-stop: stops processes here; not with --snapshot");
  }
  return {};
}

// Those whose filters the kernel did not tell are stopped for it.
void AskIfAllowed(const SeccompOptions& options, const FilterSubject& subject, Snapshot& snapshot) {
  if (!options.allow_stop) return;
  const auto asked = AskProcesses(subject.processes, snapshot);
  if (!asked) spdlog::warn("{}", Printable(asked.error().message));
}

Exit Seccomp(const SeccompOptions& options, const GlobalOptions& global, const Wiring& wiring) {
  if (const auto checked = CheckTogether(options); !checked) {
    return Complain(checked.error(), Exit::kUsage);
  }
  const auto loaded = LoadChosenBenchmark(global);
  if (!loaded) return Complain(loaded.error(), Exit::kUsage);
  auto snapshot = Take(options, global, wiring);
  if (!snapshot) {
    return Complain(snapshot.error(), options.snapshot.empty() ? Exit::kBlind : Exit::kUsage);
  }
  const auto pid = options.pid == 0 ? std::nullopt : std::optional(Pid{options.pid});
  const auto subject = FindSubject(*snapshot, options.container, pid);
  if (!subject) return Complain(subject.error(), Exit::kUsage);
  AskIfAllowed(options, *subject, *snapshot);
  FollowFilters(*subject, *snapshot);
  if (options.format == "oci") return WriteProfile(options, *snapshot, *subject);
  return WriteReport(options, ReportFilters(*snapshot, loaded->benchmark, *subject));
}

}  // namespace

std::function<Exit()> SetupSeccomp(CLI::App& app, const GlobalOptions& global,
                                   const Wiring& wiring) {
  const auto options = std::make_shared<SeccompOptions>();
  app.add_option("container", options->container, "Its name or id, as for audit --select")
      ->type_name("CONTAINER");
  app.add_option("--pid", options->pid, "A process instead")
      ->check(CLI::PositiveNumber)
      ->type_name("N");
  app.add_option("--format", options->format, "How it is written")
      ->check(CLI::IsMember({"text", "json", "oci"}))
      ->capture_default_str();
  app.add_option("--observed", options->observed,
                 "Calls that the container was seen to make; - is stdin")
      ->type_name("FILE");
  app.add_flag("--allow-stop", options->allow_stop,
               "Stop processes to ask them, where nobody else tells; see below");
  app.add_option("--output", options->output,
                 "Write to FILE, in one step when complete; - is stdout")
      ->type_name("FILE");
  app.add_option("--snapshot", options->snapshot,
                 "Of a container in this snapshot, not on this host; - is stdin")
      ->type_name("FILE");
  app.footer(kSeccompHelp);
  return [options, &global, &wiring] { return Seccomp(*options, global, wiring); };
}

}  // namespace hullmark
