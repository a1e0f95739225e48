// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/watching.h"

#include <spdlog/spdlog.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "agent/base/file.h"
#include "agent/bpf/task_event.h"
#include "agent/bpf/task_events.h"
#include "agent/bpf/task_iterator.h"
#include "agent/bpf/task_record.h"
#include "agent/collect/collect.h"
#include "agent/collect/collector.h"
#include "agent/config/config.h"
#include "agent/daemon/connector_feed.h"
#include "agent/daemon/rescanner.h"
#include "agent/daemon/watcher.h"
#include "agent/encode/text.h"
#include "agent/watch/proc_connector.h"
#include "agent/watch/rights_pass.h"
#include "hullmark/live.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

// Typed tracepoints, else raw ones.
Result<TaskEvents> LoadEvents() {
  auto typed = TaskEvents::Load({});
  if (typed || typed.error().code != ErrorCode::kUnsupported) return typed;
  auto raw = TaskEvents::Load({.typed = false});
  return raw ? std::move(raw) : std::move(typed);
}

EventFeed FeedOf(TaskEvents loaded) {
  const auto events = std::make_shared<TaskEvents>(std::move(loaded));
  return {.fd = events->fd(),
          .drain =
              [events](std::size_t most, const std::function<void(const TaskEvent&)>& take) {
                return events->Drain(most, take);
              },
          .counts = [events] { return FeedCounts{.lost = events->counts().Lost()}; },
          .set_host =
              [events](const std::array<std::uint32_t, kRecordNamespaces>& host) {
                events->SetHost(host);
              }};
}

std::unique_ptr<Rescanner> BeginRescans(const Config::Watch& watch, Watcher& watcher) {
  auto loaded = TaskIterator::Load();
  if (!loaded) {
    spdlog::warn("{}: rights that change without an exec are found at the next interval",
                 Printable(loaded.error().message));
    return nullptr;
  }
  const auto tasks = std::make_shared<TaskIterator>(std::move(*loaded));
  const auto rights = std::make_shared<RightsPass>();
  return std::make_unique<Rescanner>(watch.rescan, [tasks, rights, &watcher] {
    const auto visited = tasks->Visit([&](const TaskRecord& record) { rights->Take(record); });
    if (!visited) spdlog::warn("{}: no more rescans", Printable(visited.error().message));
    if (rights->End()) watcher.WantLook();
    return visited.has_value();
  });
}

// What tells of processes as they come, and why nothing better does.
struct Chosen {
  std::optional<EventFeed> feed{};
  std::string why_not{};  // "": it is what was wanted most.
};

Chosen OpenKernelPrograms() {
  auto events = LoadEvents();
  if (!events) return {.feed = {}, .why_not = std::move(events.error().message)};
  return {.feed = FeedOf(std::move(*events)), .why_not = {}};
}

Chosen OpenConnector(const Roots& roots) {
  auto proc = OpenDirectory(roots.proc.get(), ".");
  if (!proc) return {.feed = {}, .why_not = "proc connector: /proc cannot be opened"};
  auto connector = ProcConnector::Open();
  if (!connector) return {.feed = {}, .why_not = std::move(connector.error().message)};
  return {.feed = ConnectorFeed(std::move(*connector), std::move(*proc)), .why_not = {}};
}

Chosen Choose(const Roots& roots, Config::Watch::Source source) {
  using Source = Config::Watch::Source;
  // Both tell of the processes of the first namespaces.
  Chosen chosen{.feed = {}, .why_not = WhyRecordsDiffer(roots)};
  if (!chosen.why_not.empty()) return chosen;
  if (source != Source::kProcConnector) chosen = OpenKernelPrograms();
  if (chosen.feed || source == Source::kBpf) return chosen;
  Chosen second = OpenConnector(roots);
  if (chosen.why_not.empty()) return second;
  chosen.why_not += second.feed ? "" : "; " + second.why_not;
  chosen.feed = std::move(second.feed);
  return chosen;
}

}  // namespace

Watching BeginWatching(const Roots& roots, const Config::Watch& watch,
                       std::function<void(const LiveExec&)> tell, Watcher::Tells tells) {
  using Source = Config::Watch::Source;
  if (watch.source == Source::kNone || roots.plain) return {};
  Chosen chosen = Choose(roots, watch.source);
  if (!chosen.why_not.empty()) {
    spdlog::log(watch.source == Source::kAuto ? spdlog::level::info : spdlog::level::warn, "{}: {}",
                Printable(chosen.why_not),
                chosen.feed ? "processes are told by the proc connector; what has ended before it "
                              "is read is counted"
                            : "processes are judged by scans alone");
  }
  if (!chosen.feed) return {};
  Watching watching;
  watching.watcher = std::make_unique<Watcher>(std::move(*chosen.feed), std::move(tell), tells);
  watching.rescanner = BeginRescans(watch, *watching.watcher);
  return watching;
}

}  // namespace hullmark
