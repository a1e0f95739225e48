// SPDX-License-Identifier: Apache-2.0
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "agent/cli/baseline.h"
#include "agent/cli/command.h"
#include "agent/cli/complain.h"
#include "agent/cli/inputs.h"
#include "agent/cli/output.h"
#include "agent/cli/site.h"
#include "agent/cli/sources.h"
#include "agent/cli/terminal.h"
#include "agent/cli/textfile.h"
#include "agent/cli/thresholds.h"
#include "agent/config/config.h"
#include "agent/config/units.h"
#include "agent/encode/json_writer.h"
#include "agent/encode/text.h"
#include "agent/evaluate/evaluate.h"
#include "agent/sinks/report_sinks.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/posture.h"
#include "hullmark/report.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "hullmark/waiver.h"

namespace hullmark {
namespace {

struct AuditOptions {
  std::string format = "text", view = "containers", color = "auto";
  std::string output, textfile, snapshot, at;
  std::vector<std::string> select;
  std::vector<std::string> classes = {"container", "vm"};
  std::string source;  // "": as the configuration says.
  bool verbose = false;
  std::string fail_on;
  std::optional<double> min_score, min_coverage;
  std::string baseline;
};

// CLI::Range takes "nan" for a number of any range.
CLI::Validator FromZeroTo(int most) {
  const auto check = [most](const std::string& text) -> std::string {
    double number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    const bool within = error == std::errc{} && stop == end && number >= 0 && number <= most;
    return within ? "" : Printable(text) + " is no number from 0 to " + std::to_string(most);
  };
  return {check, "[0 - " + std::to_string(most) + "]"};
}

void AddReportOptions(CLI::App& app, AuditOptions& options) {
  app.add_option("--format", options.format, "How the report is written")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  app.add_option("--view", options.view, "By container, or by CIS Docker item (text only)")
      ->check(CLI::IsMember({"containers", "cis"}))
      ->capture_default_str();
  app.add_option("--output", options.output,
                 "Write to FILE, in one step when complete; - is stdout")
      ->type_name("FILE");
  app.add_option("--textfile", options.textfile,
                 "Also write the metrics to DIR/hullmark.prom, for a textfile collector")
      ->type_name("DIR");
}

// Returns the option whose default the site may set.
const CLI::Option* AddSubjectOptions(CLI::App& app, AuditOptions& options) {
  app.add_option("--snapshot", options.snapshot, "Judge this snapshot, not this host; - is stdin")
      ->type_name("FILE");
  app.add_option(
         "--source", options.source,
         "Who tells of processes: records that the kernel writes (bpf), /proc, or by itself "
         "bpf where that can be had. both: compare them, exit 1 where they differ. "
         "Default: collect.source, auto")
      ->check(CLI::IsMember({"auto", "proc", "bpf", "both"}));
  app.add_option("--at", options.at, "Judge what expires at this time (RFC 3339)")
      ->type_name("TIME");
  app.add_option("--select", options.select,
                 "Only containers whose name or id matches; repeatable. One that matches nothing "
                 "is named on stderr; where nothing is left, a threshold is exit 2")
      ->type_name("GLOB")
      ->allow_extra_args(false);
  const auto* const classes =
      app.add_option("--class", options.classes, "Classes to judge, comma separated")
          ->delimiter(',')
          ->check(CLI::IsMember({"container", "pause", "sandbox", "service", "vm"}))
          ->capture_default_str();
  return classes;
}

void AddThresholdOptions(CLI::App& app, AuditOptions& options) {
  app.add_option("--fail-on", options.fail_on,
                 "Exit 1 when a control of this severity or above fails (the host's count unless "
                 "--select is given)")
      ->check(CLI::IsMember({"critical", "high", "medium", "low"}));
  app.add_option("--min-score", options.min_score, "Exit 1 when a container's score is below N")
      ->check(FromZeroTo(100))
      ->type_name("N");
  app.add_option("--min-coverage", options.min_coverage,
                 "Exit 3 when less than this part of what applies could be read (0 to 1)")
      ->check(FromZeroTo(1))
      ->type_name("R");
  app.add_option("--baseline", options.baseline,
                 "An earlier JSON report that is accepted: --fail-on, --min-score and the first "
                 "screen are about what is new since; - is stdin")
      ->type_name("FILE");
}

// In the order in which --help lists them. Returns the option whose default the site may set.
const CLI::Option* AddOptions(CLI::App& app, AuditOptions& options) {
  AddReportOptions(app, options);
  const auto* const classes = AddSubjectOptions(app, options);
  app.add_flag("--verbose", options.verbose, "List passes too, fold nothing");
  AddThresholdOptions(app, options);
  app.add_option("--color", options.color, "Colour in the text report")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str();
  return classes;
}

std::vector<std::string> NamesOf(const std::vector<ContainerClass>& classes) {
  std::vector<std::string> names;
  for (const ContainerClass one : classes) names.emplace_back(NameOf(one));
  return names;
}

void WriteReport(const AuditOptions& options, const ReportInput& input, const ByteSink& sink) {
  if (options.format == "json") {
    WriteJsonReport(input, sink);
  } else if (options.view == "cis") {
    WriteCisReport(input, sink);
  } else {
    WriteTextReport(input, sink);
  }
}

std::chrono::nanoseconds Between(Timestamp before, Timestamp after) {
  return std::chrono::nanoseconds{std::to_underlying(after) - std::to_underlying(before)};
}

// What a snapshot was not asked for looks like what no container has.
void WarnOfLabels(const std::string& file, const Snapshot& snapshot, const Wanted& wanted) {
  for (const std::string& key : wanted.label_keys) {
    if (std::ranges::binary_search(snapshot.label_keys, key)) continue;
    spdlog::warn("{}: taken without the label {}: a selector that names it matches no container",
                 Printable(file), Printable(key));
  }
}

// What is judged, and how long it took to look; nullopt where nobody looked.
struct Look {
  Snapshot snapshot;
  std::optional<std::chrono::nanoseconds> took{};
};

Config::Source SourceOf(const AuditOptions& options, const GlobalOptions& global) {
  if (options.source.empty()) return global.site.source;
  if (options.source == "auto") return Config::Source::kAuto;
  // What both are found to tell is judged as the reference tells it.
  return options.source == "bpf" ? Config::Source::kBpf : Config::Source::kProc;
}

Result<Look> TakeSnapshot(const AuditOptions& options, const GlobalOptions& global,
                          const Wiring& wiring, const Wanted& wanted) {
  const bool host = options.snapshot.empty();
  const Timestamp before = wiring.now();
  const auto source = SourceOf(options, global);
  auto snapshot =
      host ? LookAtHost(global, wiring, wanted, source) : ReadSnapshotFile(options.snapshot);
  if (!snapshot) return std::unexpected(std::move(snapshot.error()));
  WarnOfLabels(options.snapshot, *snapshot, wanted);
  Look look{.snapshot = std::move(*snapshot)};
  if (host) look.took = Between(before, wiring.now());
  return look;
}

bool HasThreshold(const AuditOptions& options) {
  return !options.fail_on.empty() || options.min_score || options.min_coverage;
}

// A pattern that no judged container answers to is often a mistyped one, and a threshold on nobody
// cannot be violated: where all are such, asking for one is an error.
Result<void> CheckSelection(const AuditOptions& options, const Snapshot& snapshot,
                            const std::vector<Glob>& select, const Report& report) {
  for (const Glob& pattern : select) {
    const bool met = std::ranges::any_of(report.containers, [&](const ContainerReport& judged) {
      return IsMeant(pattern, snapshot, snapshot.containers[judged.container]);
    });
    if (met) continue;
    std::string classes;
    for (const std::string& name : options.classes) classes += (classes.empty() ? "" : ",") + name;
    const std::string what =
        "--select " + pattern.pattern() + " matches no container of class " + classes;
    if (report.containers.empty() && HasThreshold(options)) {
      return Fail(ErrorCode::kNotFound, what + ": there is nothing to hold against a threshold");
    }
    spdlog::warn("{}", Printable(what));
  }
  return {};
}

Result<void> WriteAll(const AuditOptions& options, const ReportInput& input,
                      std::optional<std::chrono::nanoseconds> took) {
  if (!options.textfile.empty()) {
    auto written = WriteTextfile(options.textfile, input, took);
    if (!written) return written;
  }
  return WriteOutput(options.output,
                     [&](const ByteSink& sink) { WriteReport(options, input, sink); });
}

// What is judged by.
struct Standard {
  const Benchmark& benchmark;
  const std::vector<Waiver>& waivers;
  std::optional<Timestamp> at;
  const std::optional<Posture>& accepted;
};

ReportOptions HowToWrite(const AuditOptions& options, const GlobalOptions& global,
                         const Wiring& wiring) {
  return {.generated_at = wiring.now(),
          .tool_version = std::string(wiring.version),
          .command = global.command,
          .select = options.select,
          .site = global.site.select,
          .classes = ToClasses(options.classes),
          .infrastructure = global.site.infrastructure,
          .verbose = options.verbose,
          .color = UseColor(options.color, options.output),
          .columns = TerminalColumns()};
}

Exit Judge(const AuditOptions& options, const Standard& standard, const Look& look,
           const GlobalOptions& global, const Wiring& wiring) {
  const Snapshot& snapshot = look.snapshot;
  EvaluateOptions evaluate{.site = global.site.select,
                           .classes = ToClasses(options.classes),
                           .at = standard.at,
                           .waivers = standard.waivers};
  for (const std::string& pattern : options.select) evaluate.select.emplace_back(pattern);
  const Benchmark& benchmark = standard.benchmark;
  const Report report = Evaluate(snapshot, benchmark, evaluate);
  const auto selected = CheckSelection(options, snapshot, evaluate.select, report);
  if (!selected) return Complain(selected.error(), Exit::kUsage);
  const ReportOptions how = HowToWrite(options, global, wiring);
  ReportInput input{.snapshot = snapshot,
                    .benchmark = benchmark,
                    .report = report,
                    .options = how,
                    .waivers = standard.waivers};
  const Since since = Compared(standard.accepted, input);
  input.news = since.news ? &*since.news : nullptr;
  const auto written = WriteAll(options, input, look.took);
  if (!written) return Complain(written.error(), Exit::kUsage);
  return ApplyThresholds({.fail_on = SeverityOfName(options.fail_on),
                          .min_score = options.min_score,
                          .min_coverage = options.min_coverage,
                          .host_counts = options.select.empty(),
                          .news = input.news},
                         benchmark, report);
}

// Options that are right each for itself.
Result<void> CheckTogether(const AuditOptions& options) {
  if (!options.source.empty() && !options.snapshot.empty()) {
    return Fail(ErrorCode::kUnsupported, "--source: who tells of this host; not with --snapshot");
  }
  if (options.format == "json" && options.view == "cis") {
    return Fail(ErrorCode::kUnsupported,
                "--view cis is text; the JSON report names the CIS items per control");
  }
  if (!options.at.empty() && !ParseTime(options.at)) {
    return Fail(ErrorCode::kMalformed,
                "--at " + options.at + ": not a time like 2026-11-21T20:15:00Z");
  }
  return {};
}

Exit Audit(const AuditOptions& options, const GlobalOptions& global, const Wiring& wiring) {
  if (const auto checked = CheckTogether(options); !checked) {
    return Complain(checked.error(), Exit::kUsage);
  }
  const auto at = ParseTime(options.at);
  const auto loaded = LoadChosenBenchmark(global);
  if (!loaded) return Complain(loaded.error(), Exit::kUsage);
  const auto waivers = LoadChosenWaivers(global);
  if (!waivers) return Complain(waivers.error(), Exit::kUsage);
  const auto accepted = ReadBaseline(options.baseline, options.snapshot);
  if (!accepted) return Complain(accepted.error(), Exit::kUsage);
  const auto wanted = WantedBy(loaded->benchmark, global.site, *waivers);
  const auto agree =
      options.source == "both" ? SourcesAgree(global, wiring, wanted) : Result<bool>(true);
  if (!agree) return Complain(agree.error(), Exit::kBlind);
  const auto look = TakeSnapshot(options, global, wiring, wanted);
  if (!look) {
    return Complain(look.error(), options.snapshot.empty() ? Exit::kBlind : Exit::kUsage);
  }
  if (look->snapshot.processes.empty()) {
    return Complain({.message = (options.snapshot.empty() ? "/proc" : options.snapshot) +
                                ": not one process: nothing was looked at"},
                    Exit::kBlind);
  }
  const Standard standard = {
      .benchmark = loaded->benchmark, .waivers = *waivers, .at = at, .accepted = *accepted};
  const Exit judged = Judge(options, standard, *look, global, wiring);
  return judged == Exit::kDone && !*agree ? Exit::kViolation : judged;
}

}  // namespace

std::function<Exit()> SetupAudit(CLI::App& app, const GlobalOptions& global, const Wiring& wiring) {
  const auto options = std::make_shared<AuditOptions>();
  const auto* const classes = AddOptions(app, *options);
  return [options, classes, &global, &wiring] {
    if (classes->count() == 0) options->classes = NamesOf(global.site.classes);
    return Audit(*options, global, wiring);
  };
}

}  // namespace hullmark
