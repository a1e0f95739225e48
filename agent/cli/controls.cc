// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/cli/command.h"
#include "agent/cli/complain.h"
#include "agent/cli/inputs.h"
#include "agent/cli/output.h"
#include "agent/encode/text.h"
#include "agent/sinks/report_sinks.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

CLI::Option* AddFormat(CLI::App& app, std::string& format, const std::vector<std::string>& known) {
  return app.add_option("--format", format, "How it is written")
      ->check(CLI::IsMember(known))
      ->capture_default_str();
}

Exit List(const std::string& format, const GlobalOptions& global) {
  const auto loaded = LoadChosenBenchmark(global);
  if (!loaded) return Complain(loaded.error(), Exit::kUsage);
  const auto written = WriteOutput("", [&](const ByteSink& sink) {
    if (format == "markdown") return WriteControlMarkdown(loaded->benchmark, sink);
    WriteControlList(loaded->benchmark, sink, format == "json");
  });
  return written ? Exit::kDone : Complain(written.error(), Exit::kUsage);
}

// Ids of the same family, for somebody who mistyped one.
std::string Family(const Benchmark& benchmark, std::string_view id) {
  std::string ids;
  for (const Control& control : benchmark.controls) {
    if (control.id.substr(0, 3) != id.substr(0, 3)) continue;
    ids += ids.empty() ? control.id : ", " + control.id;
  }
  return ids;
}

Exit ExplainOne(std::string id, const std::string& format, const GlobalOptions& global) {
  const auto loaded = LoadChosenBenchmark(global);
  if (!loaded) return Complain(loaded.error(), Exit::kUsage);
  std::ranges::transform(
      id, id.begin(), [](unsigned char letter) { return static_cast<char>(std::toupper(letter)); });
  const auto& controls = loaded->benchmark.controls;
  const auto control = std::ranges::find(controls, id, &Control::id);
  if (control == controls.end()) {
    const std::string family = Family(loaded->benchmark, id);
    return Complain({.message = id + ": no such control; " +
                                (family.empty() ? "'" + global.command + " controls' lists them"
                                                : "of that family there are " + family)},
                    Exit::kUsage);
  }
  const auto written = WriteOutput("", [&](const ByteSink& sink) {
    WriteControl(loaded->benchmark, *control, sink, format == "json");
  });
  return written ? Exit::kDone : Complain(written.error(), Exit::kUsage);
}

// 1000 as "100.0", 805 as "80.5".
std::string Percent(std::int32_t permille) {
  return std::to_string(permille / 10) + "." + std::to_string(permille % 10);
}

// What a benchmark will do, in words.
std::string Describe(const Benchmark& benchmark) {
  std::array<std::size_t, kSeverities> by_severity = {};
  for (const Control& control : benchmark.controls) {
    ++by_severity[static_cast<std::size_t>(control.severity)];
  }
  std::string text = "It judges " + std::to_string(benchmark.controls.size()) + " controls:";
  for (std::size_t at = by_severity.size(); at-- > 0;) {
    text += " " + std::to_string(by_severity[at]) + " ";
    text += NameOf(static_cast<Severity>(at));
    text += at == 0 ? ".\n" : ",";
  }
  const auto& scoring = benchmark.scoring;
  text +=
      "Every " + std::to_string(scoring.half_life) + " points of exposure halve the score. Grades:";
  constexpr std::string_view kLetters = "ABCD";
  for (std::size_t at = 0; at < kLetters.size(); ++at) {
    text += std::string(" ") + kLetters[at] + (at == 0 ? " up to " : " ");
    text += std::to_string(scoring.grade_bounds[at]) + (at == 0 ? " points," : ",");
  }
  return text + " F above.\nWhat could not be read costs " + Percent(scoring.unknown_permille) +
         " % of a violation; below a coverage of " + Percent(scoring.provisional_permille) +
         " % there is no grade.\n";
}

Exit CheckFiles(const GlobalOptions& global) {
  const auto loaded = LoadChosenBenchmark(global);
  if (!loaded) return Complain(loaded.error(), Exit::kUsage);
  const Benchmark& benchmark = loaded->benchmark;
  const std::string& file = global.benchmark;
  const std::string text =
      Printable((file.empty() ? "compiled in" : file) + ": benchmark " + benchmark.id + " " +
                benchmark.version + ", sha256 " + benchmark.sha256) +
      "\n" + Describe(benchmark);
  const auto written = WriteOutput("", [&](const ByteSink& sink) { sink(text); });
  return written ? Exit::kDone : Complain(written.error(), Exit::kUsage);
}

}  // namespace

std::function<Exit()> SetupControls(CLI::App& app, const GlobalOptions& global,
                                    const Wiring& /*wiring*/) {
  const auto format = std::make_shared<std::string>("text");
  AddFormat(app, *format, {"text", "json", "markdown"});
  return [format, &global] { return List(*format, global); };
}

std::function<Exit()> SetupExplain(CLI::App& app, const GlobalOptions& global,
                                   const Wiring& /*wiring*/) {
  const auto format = std::make_shared<std::string>("text");
  const auto id = std::make_shared<std::string>();
  AddFormat(app, *format, {"text", "json"});
  app.add_option("ID", *id, "A control, e.g. CAP-001")->required();
  return [format, id, &global] { return ExplainOne(*id, *format, global); };
}

std::function<Exit()> SetupCheckConfig(CLI::App& app, const GlobalOptions& global,
                                       const Wiring& /*wiring*/) {
  app.footer("Checks the file that --benchmark names, or the compiled-in one.");
  return [&global] { return CheckFiles(global); };
}

}  // namespace hullmark
