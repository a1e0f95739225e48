// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/hook_desk.h"

#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "agent/base/durable.h"
#include "agent/base/file.h"
#include "agent/base/quiet_thread.h"
#include "agent/config/hooks.h"
#include "agent/daemon/clock.h"
#include "agent/daemon/command_runs.h"
#include "agent/daemon/courier_process.h"
#include "agent/hooks/command.h"
#include "agent/hooks/delivery.h"
#include "agent/hooks/messages.h"
#include "agent/hooks/queue.h"
#include "agent/hooks/schedule.h"
#include "agent/sinks/event_json.h"
#include "agent/sinks/hook_bodies.h"
#include "hullmark/event.h"
#include "hullmark/ids.h"

namespace hullmark {
namespace {

using std::chrono::milliseconds;

Moment Now() { return std::chrono::steady_clock::now(); }

std::size_t At(auto value) { return static_cast<std::size_t>(std::to_underlying(value)); }

}  // namespace

HookDesk::HookDesk(Options options)
    : options_(std::move(options)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      courier_(options_.courier),
      runs_(options_.runner),
      random_(std::random_device()()) {
  if (!options_.directory.empty()) MakeIfMissing(options_.directory);
}

HookDesk::~HookDesk() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  Wake();
  if (thread_.joinable()) thread_.join();
}

void HookDesk::Wake() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_.get(), &one, sizeof one);
}

std::unique_ptr<HookDesk::Line> HookDesk::MakeLine(const Hook& hook) {
  auto line = std::make_unique<Line>(
      Line{.hook = hook,
           .queue = HookQueue({.directory = options_.directory,
                               .name = hook.name,
                               .user = options_.user,
                               .decided = options_.decided}),
           .schedule =
               Schedule([this] { return std::uniform_real_distribution<double>(0, 1)(random_); }),
           .state = {.name = hook.name}});
  if (const auto opened = line->queue.Open(); !opened) {
    spdlog::warn("hook {}: its queue is in memory only: {}", hook.name, opened.error().message);
  }
  for (const auto& [number, letter] : line->queue.letters()) {
    line->schedule.Add(number, letter.lane);
  }
  return line;
}

void HookDesk::SetHooks(const std::vector<Hook>& hooks, Fd endpoints) {
  const std::lock_guard lock(mutex_);
  auto former = std::exchange(lines_, {});
  needs_courier_ = false;
  for (const Hook& hook : hooks) {
    const auto found = former.find(hook.name);
    auto line = found == former.end() ? MakeLine(hook) : std::move(found->second);
    if (line->hook.call != hook.call) line->schedule.BeginAnew();
    line->hook = hook;
    needs_courier_ = needs_courier_ || std::holds_alternative<Webhook>(hook.call);
    lines_.emplace(hook.name, std::move(line));
  }
  courier_.SetEndpoints(needs_courier_ ? std::move(endpoints) : Fd());
  if (!lines_.empty() && !thread_.joinable()) thread_ = QuietThread([this] { Run(); });
  Wake();
}

std::string HookDesk::BodyOf(const Hook& hook, const Event& event, const std::string& key) const {
  const auto* const webhook = std::get_if<Webhook>(&hook.call);
  if (webhook != nullptr && webhook->format == HookFormat::kAlertmanager) {
    return Alerts(event, host_);
  }
  return CloudEvent(event, host_, key);
}

void HookDesk::AddTo(Line& line, const Event& event, std::uint64_t id) {
  const std::uint64_t number = line.queue.next();
  std::string body = BodyOf(line.hook, event, line.queue.KeyOf(number));
  if (body.empty() || body.size() > kMostBody) return;
  const auto dropped = line.queue.Add(id, event.container_id, std::move(body));
  for (const std::uint64_t old : dropped) {
    line.schedule.Remove(old);
    std::erase(line.undecided, old);
  }
  line.state.dead.at(At(DeadReason::kDropped)) += dropped.size();
  if (!dropped.empty() && !std::exchange(line.dropping, true)) {
    spdlog::warn("hook {}: its queue is full: the oldest go to {}.dead", line.hook.name,
                 line.hook.name);
  }
  line.undecided.push_back(number);
}

void HookDesk::SetHost(std::string_view name) {
  const std::lock_guard lock(mutex_);
  host_ = name;
}

void HookDesk::Add(std::string_view hook, const Event& event) {
  const std::lock_guard lock(mutex_);
  const auto line = lines_.find(hook);
  if (line != lines_.end()) AddTo(*line->second, event, event.id);
}

bool HookDesk::Call(std::string_view hook, const Event& event) {
  {
    const std::lock_guard lock(mutex_);
    const auto line = lines_.find(hook);
    if (line == lines_.end()) return false;
    AddTo(*line->second, event, 0);
    WriteAll(true);
  }
  Decide(0);
  return true;
}

void HookDesk::Store() {
  const std::lock_guard lock(mutex_);
  WriteAll(true);
}

void HookDesk::WriteAll(bool durable) {
  bool works = true;
  for (const auto& [name, line] : lines_) {
    const auto written = line->queue.Write(durable);
    works = works && written;
    if (!written && !complained_) {
      spdlog::warn("hook {}: its queue is in memory only: {}", name, written.error().message);
      complained_ = true;
    }
  }
  if (works) complained_ = false;
}

// What waits for an event of a scan that is not written down yet goes on waiting.
void HookDesk::Decide(std::uint64_t event) {
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, line] : lines_) {
      line->queue.Decide(event);
      std::erase_if(line->undecided, [&](std::uint64_t number) {
        const auto letter = line->queue.letters().find(number);
        if (letter == line->queue.letters().end()) return true;
        if (letter->second.event > event) return false;
        line->schedule.Add(number, letter->second.lane);
        return true;
      });
    }
  }
  Wake();
}

void HookDesk::Run() {
  while (true) {
    std::vector<pollfd> wanted;
    const auto want = [&](int fd) { wanted.push_back({.fd = fd, .events = POLLIN, .revents = 0}); };
    milliseconds most{};
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      Serve(Now());
      want(wake_.get());
      want(courier_.fd());
      for (const int fd : runs_.fds()) want(fd);
      most = UntilNext(Now());
    }
    poll(wanted.data(), wanted.size(), static_cast<int>(most.count()));
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = read(wake_.get(), &count, sizeof count);
  }
}

milliseconds HookDesk::UntilNext(Moment now) const {
  Moment next = now + std::chrono::seconds(1);
  for (const auto& [name, line] : lines_) {
    const auto wake = line->schedule.WakeAt();
    // What is due already waits for the courier, or for room.
    if (wake && *wake > now) next = std::min(next, *wake);
  }
  return std::chrono::ceil<milliseconds>(next - now);
}

void HookDesk::Serve(Moment now) {
  const auto news = courier_.Upkeep(now);
  for (const DeliveryReport& report : news.reports) Settle(report, true, now);
  for (const auto& [name, line] : lines_) {
    if (news.lost && line->with_courier) SettleLost(*line, now);
  }
  for (const DeliveryReport& report : runs_.Upkeep(now)) Settle(report, false, now);
  // Before the next one is given away: a kill in between would tell both once more.
  WriteAll(false);
  for (const auto& [name, line] : lines_) Offer(*line, now);
}

void HookDesk::Offer(Line& line, Moment now) {
  const auto* const command = std::get_if<HookCommand>(&line.hook.call);
  if (command == nullptr ? !courier_.IsThere() : !runs_.HasRoom()) return;
  const auto number = line.schedule.Take(now);
  if (!number) return;
  line.with_courier = command == nullptr;
  const bool given = command != nullptr
                         ? OfferCommand(line, *command, now)
                         : courier_.Give({.hook = line.hook.name,
                                          .number = *number,
                                          .key = line.queue.KeyOf(*number),
                                          .body = line.queue.letters().at(*number).body});
  if (!given) SettleLost(line, now);
}

bool HookDesk::OfferCommand(Line& line, const HookCommand& command, Moment now) {
  const std::uint64_t number = line.schedule.under_way().value();
  const auto started = runs_.Start({.hook = line.hook.name,
                                    .number = number,
                                    .key = line.queue.KeyOf(number),
                                    .path = command.path,
                                    .user = command.user,
                                    .args = command.args,
                                    .timeout = command.timeout,
                                    .cpu = command.cpu,
                                    .output_max = command.output_max,
                                    .body = line.queue.letters().at(number).body},
                                   now);
  if (!started && !line.failing)
    spdlog::warn("hook {}: {}", line.hook.name, started.error().message);
  return started.has_value();
}

void HookDesk::SettleLost(Line& line, Moment now) {
  const auto number = line.schedule.under_way();
  if (number) Settle({.hook = line.hook.name, .number = *number}, line.with_courier, now);
}

void HookDesk::Settle(const DeliveryReport& report, bool by_courier, Moment now) {
  const auto found = lines_.find(report.hook);
  if (found == lines_.end()) return;
  Line& line = *found->second;
  // It has made room for others, or somebody else has it by now.
  if (line.schedule.under_way() != report.number || line.with_courier != by_courier) return;
  ++line.state.attempts.at(At(report.outcome.attempt));
  Tell(line, report.outcome);
  const auto bury = [&](DeadReason reason) {
    ++line.state.dead.at(At(reason));
    line.queue.Bury(report.number, reason);
    line.schedule.Remove(report.number);
    spdlog::warn("hook {}: {} is {}: it goes to {}.dead", line.hook.name,
                 line.queue.KeyOf(report.number), NameOf(reason), line.hook.name);
  };
  switch (line.schedule.Settle(report.outcome, now)) {
    case Schedule::Fate::kKept:
      return;
    case Schedule::Fate::kDelivered:
      line.queue.Remove(report.number);
      line.schedule.Remove(report.number);
      line.state.delivered_at = options_.now();
      line.dropping = false;
      return;
    case Schedule::Fate::kRejected:
      return bury(DeadReason::kRejected);
    case Schedule::Fate::kGivenUp:
      return bury(DeadReason::kGivenUp);
  }
}

// Once when it begins to fail, and once when it works again.
void HookDesk::Tell(Line& line, const AttemptEnd& outcome) const {
  const bool failing = outcome.attempt != Attempt::kDelivered;
  if (failing && !line.failing) {
    const std::string status =
        outcome.status == 0 ? "" : ", status " + std::to_string(outcome.status);
    spdlog::warn("hook {}: {}{}; trying again, less and less often", line.hook.name,
                 NameOf(outcome.attempt), status);
  } else if (!failing && line.failing) {
    spdlog::info("hook {}: delivered again", line.hook.name);
  }
  line.failing = failing;
}

std::vector<HookState> HookDesk::States() const {
  const std::lock_guard lock(mutex_);
  std::vector<HookState> states;
  for (const auto& [name, line] : lines_) {
    states.push_back(line->state);
    states.back().waiting = line->queue.letters().size();
  }
  return states;
}

bool HookDesk::Works() const {
  const std::lock_guard lock(mutex_);
  return !complained_ && !options_.directory.empty() && (!needs_courier_ || courier_.IsThere());
}

std::optional<Pid> HookDesk::courier() const {
  const std::lock_guard lock(mutex_);
  return courier_.pid();
}

}  // namespace hullmark
