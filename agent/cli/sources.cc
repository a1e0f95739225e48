// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/sources.h"

#include <spdlog/spdlog.h>

#include <cstdio>
#include <expected>
#include <string>
#include <utility>

#include "agent/cli/command.h"
#include "agent/cli/inputs.h"
#include "agent/collect/collect.h"
#include "agent/collect/collector.h"
#include "agent/collect/compare_sources.h"
#include "agent/collect/compare_tasks.h"
#include "agent/config/config.h"
#include "agent/encode/text.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

std::string Place(const TaskDifference& one) {
  if (one.pid == Pid{}) return "a user namespace";
  const std::string process = "/proc/" + std::to_string(std::to_underlying(one.pid));
  return one.tid ? process + "/task/" + std::to_string(std::to_underlying(*one.tid)) : process;
}

}  // namespace

Tasks ChooseTasks(const Roots& roots, const Wiring& wiring, Config::Source source) {
  if (!wiring.open_tasks) return {};
  if (source == Config::Source::kProc) {
    if (roots.plain) return {};
    return {.no_filters = {.code = ErrorCode::kNotRead, .message = "bpf: it was not to be used"}};
  }
  Tasks tasks = wiring.open_tasks(roots, source == Config::Source::kBpf);
  if (!tasks.why_not.empty()) {
    spdlog::log(tasks.insisted ? spdlog::level::warn : spdlog::level::info,
                "{}: tasks are read through /proc", Printable(tasks.why_not));
  }
  return tasks;
}

void WarnOfLoss(const Collector& collector, bool had) {
  if (had == collector.has_records()) return;
  if (!had) return spdlog::info("bpf: tasks are read through the kernel's records again");
  spdlog::warn("{}: tasks are read through /proc for an hour",
               Printable(collector.why_no_records()));
}

Result<bool> SourcesAgree(const GlobalOptions& global, const Wiring& wiring, const Wanted& wanted) {
  const auto roots = OpenRoots(global.roots);
  if (!roots) return std::unexpected(roots.error());
  const Tasks tasks = ChooseTasks(*roots, wiring, Config::Source::kBpf);
  if (!tasks.records) return Fail(ErrorCode::kUnsupported, "--source both: " + tasks.why_not);
  const auto compared = CompareSources(*roots, HowToLook(global, wiring, wanted), tasks.records);
  if (!compared) return std::unexpected(compared.error());
  for (const TaskDifference& one : compared->differences) {
    (void)std::fprintf(stderr, "%s: %s: bpf %s, proc %s\n", Place(one).c_str(),
                       std::string(one.field).c_str(), Printable(one.bpf).c_str(),
                       Printable(one.proc).c_str());
  }
  (void)std::fprintf(
      stderr,
      "sources: %zu processes and %zu threads of their own compared, %zu "
      "differences, %zu facts changed all the time, %zu were denied to one of both\n",
      compared->processes, compared->threads, compared->differences.size(), compared->restless,
      compared->one_sided);
  return compared->differences.empty();
}

}  // namespace hullmark
