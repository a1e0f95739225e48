// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "agent/cli/command.h"
#include "agent/cli/complain.h"
#include "agent/cli/inputs.h"
#include "agent/cli/output.h"
#include "agent/sinks/report_sinks.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

CLI::Option* AddFormat(CLI::App& app, std::string& format) {
  return app.add_option("--format", format, "How it is written")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
}

Exit List(const std::string& format, const GlobalOptions& global) {
  const auto loaded = LoadChosenBenchmark(global);
  if (!loaded) return Complain(loaded.error(), Exit::kUsage);
  const auto written = WriteOutput("", [&](const ByteSink& sink) {
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
                                (family.empty() ? "'hullmark controls' lists them"
                                                : "of that family there are " + family)},
                    Exit::kUsage);
  }
  const auto written = WriteOutput("", [&](const ByteSink& sink) {
    WriteControl(loaded->benchmark, *control, sink, format == "json");
  });
  return written ? Exit::kDone : Complain(written.error(), Exit::kUsage);
}

Exit CheckFiles(const GlobalOptions& global) {
  const auto loaded = LoadChosenBenchmark(global);
  if (!loaded) return Complain(loaded.error(), Exit::kUsage);
  const Benchmark& benchmark = loaded->benchmark;
  std::array<std::size_t, kSeverities> by_severity = {};
  for (const Control& control : benchmark.controls) {
    ++by_severity[static_cast<std::size_t>(control.severity)];
  }
  const auto& scoring = benchmark.scoring;
  std::printf("%s: benchmark %s %s, sha256 %s\n",
              global.benchmark.empty() ? "compiled in" : global.benchmark.c_str(),
              benchmark.id.c_str(), benchmark.version.c_str(), benchmark.sha256.c_str());
  std::printf("It judges %zu controls:", benchmark.controls.size());
  for (std::size_t at = by_severity.size(); at-- > 0;) {
    std::printf(" %zu %s%s", by_severity[at],
                std::string(NameOf(static_cast<Severity>(at))).c_str(), at == 0 ? ".\n" : ",");
  }
  std::printf(
      "Every %d points of exposure halve the score. Grades: A up to %d points, B %d, C %d, D %d, F "
      "above.\n",
      scoring.half_life, scoring.grade_bounds[0], scoring.grade_bounds[1], scoring.grade_bounds[2],
      scoring.grade_bounds[3]);
  std::printf(
      "What could not be read costs %.1f %% of a violation; below a coverage of %.1f %% there is "
      "no "
      "grade.\n",
      scoring.unknown_permille / 10.0, scoring.provisional_permille / 10.0);
  return Exit::kDone;
}

}  // namespace

std::function<Exit()> SetupControls(CLI::App& app, const GlobalOptions& global,
                                    const Wiring& /*wiring*/) {
  const auto format = std::make_shared<std::string>("text");
  AddFormat(app, *format);
  return [format, &global] { return List(*format, global); };
}

std::function<Exit()> SetupExplain(CLI::App& app, const GlobalOptions& global,
                                   const Wiring& /*wiring*/) {
  const auto format = std::make_shared<std::string>("text");
  const auto id = std::make_shared<std::string>();
  AddFormat(app, *format);
  app.add_option("ID", *id, "A control, e.g. CAP-001")->required();
  return [format, id, &global] { return ExplainOne(*id, *format, global); };
}

std::function<Exit()> SetupCheckConfig(CLI::App& app, const GlobalOptions& global,
                                       const Wiring& /*wiring*/) {
  app.footer("Checks the file that --benchmark names, or the compiled-in one.");
  return [&global] { return CheckFiles(global); };
}

}  // namespace hullmark
