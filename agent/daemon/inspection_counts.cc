// SPDX-License-Identifier: Apache-2.0
// What an inspection counts and tells of itself, for its metrics.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "agent/bpf/task_event.h"
#include "agent/config/config.h"
#include "agent/daemon/enforcement.h"
#include "agent/daemon/event_memory.h"
#include "agent/daemon/hook_desk.h"
#include "agent/daemon/hook_router.h"
#include "agent/daemon/inspection.h"
#include "agent/daemon/loop.h"
#include "agent/daemon/process_usage.h"
#include "agent/daemon/watcher.h"
#include "agent/gateway/requests.h"
#include "agent/hooks/delivery.h"
#include "agent/hooks/queue.h"
#include "agent/sinks/metrics/self_metrics.h"
#include "hullmark/action.h"
#include "hullmark/event.h"
#include "hullmark/ids.h"
#include "hullmark/policy.h"
#include "hullmark/snapshot.h"

namespace hullmark {

void Inspection::CountActions() {
  const EnforcementState state = enforcement_->state(standard_.config.enforce);
  for (int kind = 0; kind < kActionKinds; ++kind) {
    for (int enforced = 0; enforced < 2; ++enforced) {
      for (int result = 0; result < kActionResults; ++result) {
        const auto now = state.counts.at(static_cast<std::size_t>(kind))
                             .at(static_cast<std::size_t>(enforced))
                             .at(static_cast<std::size_t>(result));
        auto& before = acted_.at(static_cast<std::size_t>(kind))
                           .at(static_cast<std::size_t>(enforced))
                           .at(static_cast<std::size_t>(result));
        self_.CountActions(static_cast<ActionKind>(kind), enforced != 0,
                           static_cast<ActionResult>(result), now - std::exchange(before, now));
      }
    }
  }
  self_.SetEnforcement(state.active, state.budget_remaining, state.breaker_open);
}

// Where bpf cannot be had and nobody asked for it by name, it is not switched on.
void Inspection::TellOfSource(const Vantage& vantage) {
  const bool bpf = vantage.source == TaskSource::kBpf;
  const bool missed = std::ranges::any_of(
      vantage.problems, [](const VantageProblem& problem) { return problem.id == "bpf"; });
  if (bpf || missed) {
    self_.SetFeature("bpf", bpf);
  } else {
    self_.ForgetFeature("bpf");
  }
}

void Inspection::CountEvents() {
  for (const Event& event : events_) {
    if (!event.severity) continue;
    if (event.kind == EventKind::kViolationAppeared) {
      self_.CountViolation(event.control, *event.severity);
    } else if (event.kind == EventKind::kViolationResolved) {
      self_.CountResolved(event.control, *event.severity);
    } else if (event.kind == EventKind::kViolationChanged && event.former_severity) {
      self_.CountResolved(event.control, *event.former_severity);
      self_.CountViolation(event.control, *event.severity);
    }
  }
}

void Inspection::CountState(const AgentState& state) {
  for (std::size_t route = 0; route < kRoutes; ++route) {
    for (std::size_t code = 0; code < kAnswerCodes.size(); ++code) {
      const std::uint64_t now = state.requests[route][code];
      const std::uint64_t before = std::exchange(requests_[route][code], now);
      if (now > before) {
        self_.CountRequests(kRouteNames[route], kAnswerCodes[code], now - before);
      }
    }
  }
  const std::uint64_t overruns = state.loop.missed + state.loop.over_budget;
  self_.CountOverruns(overruns - std::exchange(overruns_, overruns));
  const std::uint64_t restarts = state.gateway_restarts;
  self_.CountGatewayRestarts(restarts - std::exchange(restarts_, restarts));
  const std::uint64_t lost = memory_.lost();
  self_.CountEventLinesLost(lost - std::exchange(lost_, lost));
  CountWatch();
  CountHooks();
  self_.SetFeature("cgroup_watch", state.watching_cgroups);
  if (const auto works = memory_.StateWorks()) self_.SetFeature("state", *works);
  if (const auto works = memory_.EventsWork()) self_.SetFeature("events", *works);
  if (const auto usage = UsageOf(Pid{getpid()})) self_.SetProcess("inspector", *usage);
  const auto gateway = state.gateway ? UsageOf(*state.gateway) : std::nullopt;
  if (gateway) self_.SetProcess("gateway", *gateway);
}

void Inspection::CountWatch() {
  using Source = Config::Watch::Source;
  const Source source = standard_.config.watch.source;
  const bool insisted = source == Source::kBpf || source == Source::kProcConnector;
  if (parts_.watcher != nullptr || insisted) self_.SetFeature("watch", parts_.watcher != nullptr);
  if (parts_.watcher == nullptr) return;
  constexpr std::array<std::string_view, kTaskTurns> kKinds = {"fork", "exec", "exit"};
  const WatchCounts now = parts_.watcher->counts();
  const WatchCounts before = std::exchange(watched_, now);
  for (std::size_t turn = 0; turn < kKinds.size(); ++turn) {
    self_.CountTaskEvents(kKinds.at(turn), now.events.at(turn) - before.events.at(turn));
  }
  self_.CountTaskEvents("unplaced", now.unplaced - before.unplaced);
  self_.CountTaskEventsLost(now.feed.lost - before.feed.lost + now.feed.missed -
                            before.feed.missed + now.left_out - before.left_out);
  auto detections = now.latency.counts;
  for (std::size_t at = 0; at < detections.size(); ++at) {
    detections.at(at) -= before.latency.counts.at(at);
  }
  self_.CountDetections(detections, now.latency.sum - before.latency.sum);
}

void Inspection::CountHooks() {
  if (parts_.hooks == nullptr || router_.hooks().empty()) return self_.ForgetFeature("hooks");
  self_.SetFeature("hooks", parts_.hooks->Works());
  for (const HookState& now : parts_.hooks->States()) {
    HookState& before = hooks_counted_[now.name];
    for (std::size_t at = 0; at < now.attempts.size(); ++at) {
      self_.CountDeliveries(now.name, NameOf(static_cast<Attempt>(at)),
                            now.attempts.at(at) - before.attempts.at(at));
    }
    for (std::size_t at = 0; at < now.dead.size(); ++at) {
      self_.CountDeadLetters(now.name, NameOf(static_cast<DeadReason>(at)),
                             now.dead.at(at) - before.dead.at(at));
    }
    self_.SetHook(now.name, now.waiting, now.delivered_at);
    before = now;
  }
  const auto courier = parts_.hooks->courier();
  const auto usage = courier ? UsageOf(*courier) : std::nullopt;
  if (usage) self_.SetProcess("courier", *usage);
}

}  // namespace hullmark
