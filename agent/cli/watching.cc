// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/watching.h"

#include <spdlog/spdlog.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "agent/bpf/task_event.h"
#include "agent/bpf/task_events.h"
#include "agent/bpf/task_iterator.h"
#include "agent/bpf/task_record.h"
#include "agent/collect/collect.h"
#include "agent/collect/collector.h"
#include "agent/config/config.h"
#include "agent/daemon/rescanner.h"
#include "agent/daemon/watcher.h"
#include "agent/encode/text.h"
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
          .lost = [events] { return events->counts().Lost(); },
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

}  // namespace

Watching BeginWatching(const Roots& roots, const Config::Watch& watch,
                       std::function<void(const LiveExec&)> tell, Watcher::Tells tells) {
  if (watch.source == Config::Watch::Source::kNone || roots.plain) return {};
  std::string why_not = WhyRecordsDiffer(roots);
  if (why_not.empty()) {
    auto events = LoadEvents();
    if (events) {
      Watching watching;
      watching.watcher =
          std::make_unique<Watcher>(FeedOf(std::move(*events)), std::move(tell), tells);
      watching.rescanner = BeginRescans(watch, *watching.watcher);
      return watching;
    }
    why_not = std::move(events.error().message);
  }
  spdlog::log(
      watch.source == Config::Watch::Source::kAuto ? spdlog::level::info : spdlog::level::warn,
      "{}: processes are judged by scans alone", Printable(why_not));
  return {};
}

}  // namespace hullmark
