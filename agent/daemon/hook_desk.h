// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/config/hooks.h"
#include "agent/daemon/clock.h"
#include "agent/daemon/command_runs.h"
#include "agent/daemon/courier_process.h"
#include "agent/hooks/delivery.h"
#include "agent/hooks/messages.h"
#include "agent/hooks/queue.h"
#include "agent/hooks/schedule.h"
#include "hullmark/event.h"
#include "hullmark/ids.h"

namespace hullmark {

// What one hook has come to.
struct HookState {
  std::string name{};
  std::size_t waiting = 0;                          // Letters.
  std::array<std::uint64_t, kAttempts> attempts{};  // How they ended.
  std::array<std::uint64_t, kDeadReasons> dead{};   // Letters that were never delivered.
  std::optional<Timestamp> delivered_at{};          // The last time.
};

// Where letters to hooks wait, and from where they are given to the courier and to runners: on a
// thread of its own, so that neither a scan nor the loop waits for any of it.
class HookDesk {
 public:
  struct Options {
    std::string directory{};    // Of the queues; "": they are kept in memory.
    Uid user{};                 // Who the agent runs as.
    std::uint64_t decided = 0;  // The newest event that is written down.
    CourierProcess::How courier{};
    CommandRuns::How runner{};
    std::function<Timestamp()> now;
  };

  explicit HookDesk(Options options);
  HookDesk(const HookDesk&) = delete;
  HookDesk& operator=(const HookDesk&) = delete;
  ~HookDesk();

  // The hooks from here on, and their webhooks as SealEndpoints gives them (none: an empty one).
  // What waits for a hook that is there no more stays on the disk.
  void SetHooks(const std::vector<Hook>& hooks, Fd endpoints);

  // This host's name, for what is told from here on.
  void SetHost(std::string_view name);

  // Puts a letter into a hook's queue; it is delivered once Decide() was told of the event. Written
  // by Store(). Unknown hooks are told nothing.
  void Add(std::string_view hook, const Event& event);
  // What was added is on the disk when this returns, where there is one.
  void Store();
  // Events up to this id are written down.
  void Decide(std::uint64_t event);

  // Tells a hook of an event whatever its filter says, at once: for what acts on a violation.
  // False: there is no hook of this name.
  bool Call(std::string_view hook, const Event& event);

  std::vector<HookState> States() const;
  // Whether queues are on the disk and the courier, where one is needed, is there.
  bool Works() const;
  std::optional<Pid> courier() const;

 private:
  struct Line {
    Hook hook{};
    HookQueue queue;
    Schedule schedule;
    HookState state{};
    std::vector<std::uint64_t> undecided{};  // Letters.
    bool with_courier = false;               // Who has the letter that is under way, since a reload
                                             // may give the next one to somebody else.
    bool failing = false, dropping = false;  // As the log was told.
  };

  std::unique_ptr<Line> MakeLine(const Hook& hook);
  std::string BodyOf(const Hook& hook, const Event& event, const std::string& key) const;
  void AddTo(Line& line, const Event& event, std::uint64_t id);
  void WriteAll(bool durable);
  void Run();
  void Serve(Moment now);
  void Offer(Line& line, Moment now);
  bool OfferCommand(Line& line, const HookCommand& command, Moment now);
  void SettleLost(Line& line, Moment now);
  // `by_courier`: who reports.
  void Settle(const DeliveryReport& report, bool by_courier, Moment now);
  void Tell(Line& line, const AttemptEnd& outcome) const;
  std::chrono::milliseconds UntilNext(Moment now) const;
  void Wake() const;

  Options options_;
  Fd wake_;                   // An eventfd.
  mutable std::mutex mutex_;  // Of all that follows.
  std::map<std::string, std::unique_ptr<Line>, std::less<>> lines_;
  std::string host_;
  CourierProcess courier_;
  CommandRuns runs_;
  std::minstd_rand random_;
  bool needs_courier_ = false, complained_ = false, stopping_ = false;
  std::thread thread_;  // From the first hook on.
};

}  // namespace hullmark
