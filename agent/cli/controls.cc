// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/cli/command.h"
#include "agent/cli/complain.h"
#include "agent/cli/inputs.h"
#include "agent/cli/output.h"
#include "agent/encode/json_writer.h"
#include "agent/sinks/report_sinks.h"
#include "hullmark/benchmark.h"

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

Exit ListMetrics() {
  const auto written = WriteOutput("", WriteMetricMarkdown);
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

}  // namespace

std::function<Exit()> SetupControls(CLI::App& app, const GlobalOptions& global,
                                    const Wiring& /*wiring*/) {
  const auto format = std::make_shared<std::string>("text");
  const auto metrics = std::make_shared<bool>(false);
  AddFormat(app, *format, {"text", "json", "markdown"});
  app.add_flag("--metrics", *metrics, "List the metrics that carry the verdicts, as Markdown");
  return [format, metrics, &global] { return *metrics ? ListMetrics() : List(*format, global); };
}

std::function<Exit()> SetupExplain(CLI::App& app, const GlobalOptions& global,
                                   const Wiring& /*wiring*/) {
  const auto format = std::make_shared<std::string>("text");
  const auto id = std::make_shared<std::string>();
  AddFormat(app, *format, {"text", "json"});
  app.add_option("ID", *id, "A control, e.g. CAP-001")->required();
  return [format, id, &global] { return ExplainOne(*id, *format, global); };
}

}  // namespace hullmark
