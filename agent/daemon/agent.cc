// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/agent.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/boot_time.h"
#include "agent/base/file.h"
#include "agent/daemon/clock.h"
#include "agent/daemon/enforcement.h"
#include "agent/daemon/gateway_process.h"
#include "agent/daemon/loop.h"
#include "agent/daemon/scan_thread.h"
#include "agent/daemon/service.h"
#include "agent/daemon/system_clock.h"
#include "agent/gateway/documents.h"
#include "agent/watch/cgroup_watch.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr std::chrono::milliseconds kLastWait{1'000};  // For a scan when the agent ends.
constexpr std::chrono::milliseconds kLastAction = Enforcement::kLongest;
constexpr int kFreshIntervals = 3;
constexpr std::chrono::seconds kFeeding{1};
// A scan of the largest host takes seconds. One that takes this long waits for something that never
// comes, and no other one can begin.
constexpr std::chrono::minutes kHanging{2};

std::unique_ptr<CgroupWatch> WatchCgroups(const std::string& root) {
  auto watch = CgroupWatch::Create(WatchedHierarchy(root));
  if (!watch) {
    spdlog::warn("{}; containers are found at the next interval", watch.error().message);
    return nullptr;
  }
  if ((*watch)->IsPartial()) {
    spdlog::warn("not every cgroup can be watched; the others are found at the next interval");
  }
  return std::move(*watch);
}

// Everything that lives as long as the agent. All but scan() is on the loop's thread.
class Resident {
 public:
  Resident(AgentParts parts, SystemClock& clock)
      : parts_(std::move(parts)),
        watch_(WatchCgroups(parts_.cgroup_root)),
        loop_(clock, parts_.timing,
              {.begin_scan = [this](ScanReason reason) { BeginScan(reason); },
               .end_scan = [this] { EndScan(); },
               .reload = [this] { return Reload(); },
               .upkeep = [this](Moment now) { Upkeep(now); },
               .awaits_names = [this] { return awaits_names_; },
               .give_up = [this] { return scans_done_ == 0 && scans_failed_ > 0; }}) {
    if (parts_.gateway_unit) {
      gateway_.emplace(*parts_.gateway_unit);
    } else if (!parts_.gateway_command.empty()) {
      gateway_.emplace(parts_.gateway_command);
    }
    if (gateway_) gateway_->SetWeb(std::move(parts_.web));
    clock.Attach([this] { return gateway_ ? gateway_->fd() : -1; },
                 [](Wakes&) { /* Upkeep reads it. */ });
    clock.Attach([this] { return thread_.done_fd(); },
                 [this](Wakes& wakes) { wakes.scan_done = thread_.TakeDone(); });
    clock.Attach([this] { return watch_ ? watch_->fd() : -1; },
                 [this](Wakes& wakes) { wakes.cgroups = watch_->Changed(); });
    clock.Attach([this] { return parts_.wanted_fd; },
                 [this](Wakes& wakes) { wakes.events = parts_.take_wanted(); });
    clock.Attach([this] { return parts_.let_go_fd; }, [this](Wakes&) { parts_.let_go(); });
  }

  Result<void> Start(Moment now) {
    return gateway_ ? gateway_->Start(now, SystemClock::IsStopPending) : Result<void>{};
  }

  AgentEnd Run() {
    loop_.Run();
    TellService("STOPPING=1");
    if (gateway_) gateway_->Stop();
    const bool acting = parts_.stop_acting && parts_.stop_acting();
    if (!thread_.IsIdle(acting ? kLastAction : kLastWait)) {
      if (parts_.take_back) parts_.take_back();
      // What it reads may hang for as long as a file server does. Nothing of it is needed.
      spdlog::warn("stopped in the midst of a scan");
      spdlog::default_logger()->flush();  // Not shutdown(): the scan may be about to log.
      _exit(0);
    }
    if (scans_done_ == 0 && scans_failed_ > 0) return AgentEnd::kBlind;
    spdlog::info("stopped");
    return AgentEnd::kStopped;
  }

 private:
  // The watchdog is fed by a loop that goes round and whose scans end.
  void Upkeep(Moment now) {
    if (gateway_) gateway_->Upkeep(now);
    if (parts_.tend && parts_.tend()) loop_.WantScan(now);
    if (now < fed_ + kFeeding || loop_.ScanningFor(now) > kHanging) return;
    TellService("WATCHDOG=1");
    fed_ = now;
  }

  void BeginScan(ScanReason reason) {
    const Publication publication{
        .sequence = ++sequence_,
        .made_at = BootTime(),
        .fresh_for = kFreshIntervals * parts_.timing.interval + parts_.timing.budget};
    const ScanOrder order{.reason = reason, .publication = publication, .state = State()};
    thread_.Begin([this, order] { made_ = parts_.scan(order); }, parts_.after_scan);
  }

  void EndScan() {
    auto made = std::exchange(made_, std::nullopt);
    if (!made) return;
    auto& [looked, awaits_names, documents] = *made;
    awaits_names_ = awaits_names;
    ++(looked ? scans_done_ : scans_failed_);
    if (!documents) {
      spdlog::error("{}: {}", looked ? "publish" : "scan", documents.error().message);
    } else {
      if (!std::exchange(ready_, true)) {
        spdlog::info("ready");
        TellService("READY=1");
      }
      if (gateway_) gateway_->Publish(std::move(*documents), sequence_);
    }
    if (watch_ && watch_->IsPartial()) watch_->Refresh();
  }

  LoopTiming Reload() {
    if (ready_) TellService("RELOADING=1");
    auto reloaded = parts_.reload();
    if (reloaded) {
      parts_.timing = reloaded->timing;
      if (gateway_) gateway_->SetWeb(std::move(reloaded->web));
      spdlog::info("reloaded");
    } else {
      spdlog::error("not reloaded, all stays as it was: {}", reloaded.error().message);
    }
    if (ready_) TellService("READY=1");
    return parts_.timing;
  }

  AgentState State() const {
    AgentState state{.loop = loop_.counts(), .watching_cgroups = watch_ && !watch_->IsPartial()};
    if (gateway_) {
      state.requests = gateway_->Requests();
      state.gateway_restarts = gateway_->restarts();
      state.gateway = gateway_->pid();
    }
    return state;
  }

  AgentParts parts_;
  std::optional<GatewayProcess> gateway_;
  std::unique_ptr<CgroupWatch> watch_;
  Loop loop_;
  std::uint64_t sequence_ = 0, scans_done_ = 0, scans_failed_ = 0;
  bool ready_ = false, awaits_names_ = false;
  Moment fed_{};                 // The watchdog.
  std::optional<Scanned> made_;  // By the scan that has ended.
  ScanThread thread_;            // The last member: it ends before what it uses.
};

}  // namespace

AgentEnd RunAgent(AgentParts parts) {
  const auto clock = SystemClock::Create();
  if (!clock) {
    spdlog::error("{}", clock.error().message);
    return AgentEnd::kNoGateway;
  }
  Resident resident(std::move(parts), **clock);
  const auto started = resident.Start((*clock)->Now());
  if (!started && SystemClock::IsStopPending()) return AgentEnd::kStopped;
  if (!started) {
    spdlog::error("{}", started.error().message);
    return AgentEnd::kNoGateway;
  }
  return resident.Run();
}

}  // namespace hullmark
