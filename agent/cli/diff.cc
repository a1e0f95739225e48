// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "agent/cli/command.h"
#include "agent/cli/complain.h"
#include "agent/cli/inputs.h"
#include "agent/cli/output.h"
#include "agent/cli/site.h"
#include "agent/cli/terminal.h"
#include "agent/config/config.h"
#include "agent/encode/json_writer.h"
#include "agent/evaluate/changes.h"
#include "agent/evaluate/compare.h"
#include "agent/evaluate/evaluate.h"
#include "agent/evaluate/posture.h"
#include "agent/sinks/diff_sinks.h"
#include "agent/sinks/values.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/comparison.h"
#include "hullmark/posture.h"
#include "hullmark/report.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "hullmark/waiver.h"

namespace hullmark {
namespace {

struct Choices {
  std::string before, after;
  std::string format = "text", color = "auto", output, fail_on;
  bool verbose = false;
};

// What snapshots are judged by.
struct Standard {
  const Benchmark& benchmark;
  const std::vector<Waiver>& waivers;
  const Config& site;
};

Posture Judged(const Snapshot& snapshot, const Standard& standard) {
  const Report report = Evaluate(snapshot, standard.benchmark,
                                 {.site = standard.site.select,
                                  .classes = standard.site.classes,
                                  .waivers = standard.waivers});
  const JudgedScan scan = {.snapshot = snapshot, .benchmark = standard.benchmark, .report = report};
  return PostureOf(
      scan,
      {.taken_at = ToRfc3339(snapshot.taken_at), .select = {}, .classes = standard.site.classes});
}

Result<Posture> ReadLook(const std::string& path, const Standard& standard) {
  auto document = ReadReportOrSnapshot(path);
  if (!document) return std::unexpected(std::move(document.error()));
  if (auto* const report = std::get_if<Posture>(&*document)) return std::move(*report);
  const auto& snapshot = std::get<Snapshot>(*document);
  if (snapshot.processes.empty()) {
    return Fail(ErrorCode::kNotRead, path + ": not one process: nothing was looked at");
  }
  return Judged(snapshot, standard);
}

Result<Comparison> ReadBoth(const Choices& choices, const Standard& standard) {
  if (choices.before == "-" && choices.after == "-") {
    return Fail(ErrorCode::kMalformed, "OLD and NEW cannot both be standard input: name a file");
  }
  auto before = ReadLook(choices.before, standard);
  if (!before) return std::unexpected(std::move(before.error()));
  auto after = ReadLook(choices.after, standard);
  if (!after) return std::unexpected(std::move(after.error()));
  return Compare(std::move(*before), std::move(*after));
}

std::size_t CountNew(const Comparison& looks, Severity least) {
  std::size_t count = 0;
  const auto add = [&](const SubjectChange& subject) {
    for (const ControlChange& change : subject.controls) {
      if (!IsNewViolation(looks, subject, change)) continue;
      if (SubjectAfter(looks, subject)->findings[*change.after].severity >= least) ++count;
    }
  };
  add(looks.host);
  std::ranges::for_each(looks.containers, add);
  return count;
}

Exit ApplyFailOn(const Choices& choices, const Comparison& looks) {
  const auto least = SeverityOfName(choices.fail_on);
  const std::size_t count = least ? CountNew(looks, *least) : 0;
  if (count == 0) return Exit::kDone;
  std::fprintf(stderr, "hullmark: %zu new findings of severity %s or above fail\n", count,
               choices.fail_on.c_str());
  return Exit::kViolation;
}

Exit Diff(const Choices& choices, const GlobalOptions& global, const Wiring& wiring) {
  const auto loaded = LoadChosenBenchmark(global);
  if (!loaded) return Complain(loaded.error(), Exit::kUsage);
  const auto waivers = LoadChosenWaivers(global);
  if (!waivers) return Complain(waivers.error(), Exit::kUsage);
  const auto looks =
      ReadBoth(choices, {.benchmark = loaded->benchmark, .waivers = *waivers, .site = global.site});
  if (!looks) {
    const bool blind = looks.error().code == ErrorCode::kNotRead;
    return Complain(looks.error(), blind ? Exit::kBlind : Exit::kUsage);
  }
  const DiffOptions how = {.generated_at = wiring.now(),
                           .tool_version = std::string(wiring.version),
                           .verbose = choices.verbose,
                           .color = UseColor(choices.color, choices.output),
                           .columns = TerminalColumns()};
  const auto write = choices.format == "json" ? WriteJsonDiff : WriteTextDiff;
  const auto written =
      WriteOutput(choices.output, [&](const ByteSink& sink) { write(*looks, how, sink); });
  return written ? ApplyFailOn(choices, *looks) : Complain(written.error(), Exit::kUsage);
}

}  // namespace

std::function<Exit()> SetupDiff(CLI::App& app, const GlobalOptions& global, const Wiring& wiring) {
  const auto choices = std::make_shared<Choices>();
  app.add_option("OLD", choices->before, "A JSON report or a snapshot; - is stdin")->required();
  app.add_option("NEW", choices->after, "A later one of the same host")->required();
  app.add_option("--format", choices->format, "How the changes are written")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  app.add_option("--output", choices->output,
                 "Write to FILE, in one step when complete; - is stdout")
      ->type_name("FILE");
  app.add_option("--fail-on", choices->fail_on,
                 "Exit 1 when a violation of this severity or above is new")
      ->check(CLI::IsMember({"critical", "high", "medium", "low"}));
  app.add_flag("--verbose", choices->verbose, "Fold nothing");
  app.add_option("--color", choices->color, "Colour in the text")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str();
  app.footer(
      "Reports are compared as they are; snapshots are judged by the benchmark,\n"
      "overrides and waivers given here.");
  return [choices, &global, &wiring] { return Diff(*choices, global, wiring); };
}

}  // namespace hullmark
