// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>

#include "agent/cli/command.h"
#include "agent/cli/complain.h"
#include "agent/cli/inputs.h"
#include "agent/cli/output.h"
#include "agent/cli/site.h"
#include "agent/encode/json_writer.h"
#include "agent/replay/snapshot_json.h"

namespace hullmark {
namespace {

Exit TakeAndWrite(const std::string& output, const GlobalOptions& global, const Wiring& wiring) {
  const auto loaded = LoadChosenBenchmark(global);
  if (!loaded) return Complain(loaded.error(), Exit::kUsage);
  const auto waivers = LoadChosenWaivers(global);
  if (!waivers) return Complain(waivers.error(), Exit::kUsage);
  const auto wanted = WantedBy(loaded->benchmark, global.site, *waivers);
  const auto snapshot = LookAtHost(global, wiring, wanted, global.site.source);
  if (!snapshot) return Complain(snapshot.error(), Exit::kBlind);
  const auto written =
      WriteOutput(output, [&](const ByteSink& sink) { WriteSnapshot(*snapshot, sink); });
  return written ? Exit::kDone : Complain(written.error(), Exit::kUsage);
}

}  // namespace

std::function<Exit()> SetupSnapshot(CLI::App& app, const GlobalOptions& global,
                                    const Wiring& wiring) {
  const auto output = std::make_shared<std::string>();
  app.add_option("--output", *output, "Write to FILE, in one step when complete; - is stdout")
      ->type_name("FILE");
  app.footer(
      "The document holds facts only: no verdicts, no environment values, no contents\nof files. "
      "Of the labels of containers it holds those that selectors of --config\nand --waivers name: "
      "take it with the files that will judge it.");
  return [output, &global, &wiring] { return TakeAndWrite(*output, global, wiring); };
}

}  // namespace hullmark
