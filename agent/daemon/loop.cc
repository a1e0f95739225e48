// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/loop.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstdint>
#include <string_view>

#include "agent/daemon/clock.h"

namespace hullmark {
namespace {

using std::chrono::milliseconds;

// A container is born as several cgroups within milliseconds, and its runtime needs a moment.
constexpr milliseconds kSettle{250};
// A host where cgroups come and go all the time is scanned no more than a fifth of it.
constexpr int kRestPerScan = 4;
constexpr milliseconds kLeastRest{1'000};
constexpr milliseconds kUpkeep{1'000};
// A runtime that writes down a container's name at all has done so by then.
constexpr milliseconds kNaming{5'000};

}  // namespace

std::string_view NameOf(ScanReason reason) {
  switch (reason) {
    case ScanReason::kInterval:
      return "interval";
    case ScanReason::kAsked:
      return "asked";
    case ScanReason::kCgroups:
      return "cgroups";
    case ScanReason::kEvents:
      return "events";
    case ScanReason::kNames:
      return "names";
    case ScanReason::kReload:
      return "reload";
  }
  assert(false);
  return "";
}

void Loop::Run() {
  due_ = clock_.Now();
  while (true) {
    if (reload_wanted_ && !scanning()) {
      reload_wanted_ = false;
      timing_ = actions_.reload();
      ScanAt(clock_.Now(), ScanReason::kReload);
    }
    BeginIfDue();
    CountBudget();
    actions_.upkeep(clock_.Now());
    const Wakes wakes = clock_.WaitUntil(Deadline());
    if (wakes.stop || !Take(wakes)) return;
  }
}

// False: there is nothing more to do.
bool Loop::Take(const Wakes& wakes) {
  if (wakes.scan_done && began_) {
    CountBudget();
    ended_ = clock_.Now();
    duration_ = ended_ - *began_;
    began_.reset();
    actions_.end_scan();
    if (actions_.awaits_names && actions_.awaits_names()) {
      ScanAt(clock_.Now() + kNaming, ScanReason::kNames);
    }
    if (actions_.give_up && actions_.give_up()) return false;
  }
  reload_wanted_ = reload_wanted_ || wakes.reload;
  if (wakes.scan_now) ScanAt(clock_.Now(), ScanReason::kAsked);
  cgroups_changed_ = cgroups_changed_ || wakes.cgroups;
  events_came_ = events_came_ || wakes.events;
  // The rest after a scan is known when it has ended.
  if (cgroups_changed_ && !scanning()) {
    cgroups_changed_ = false;
    ScanAt(Soon(kSettle), ScanReason::kCgroups);
  }
  if (events_came_ && !scanning()) {
    events_came_ = false;
    ScanAt(Soon(milliseconds(0)), ScanReason::kEvents);
  }
  return true;
}

Moment Loop::Soon(milliseconds settle) {
  if (ended_ == Moment{}) return due_;
  const auto rest = std::max<std::chrono::nanoseconds>(kLeastRest, duration_ * kRestPerScan);
  return std::max(clock_.Now() + settle, ended_ + rest);
}

void Loop::ScanAt(Moment when, ScanReason reason) {
  if (when >= due_) return;
  due_ = when;
  reason_ = reason;
}

void Loop::BeginIfDue() {
  const Moment now = clock_.Now();
  if (scanning() || now < due_) return;
  if (reason_ == ScanReason::kInterval) {
    counts_.missed += static_cast<std::uint64_t>((now - due_) / timing_.interval);
  }
  began_ = now;
  budget_counted_ = false;
  due_ = now + timing_.interval;
  const ScanReason reason = reason_;
  reason_ = ScanReason::kInterval;
  actions_.begin_scan(reason);
}

void Loop::CountBudget() {
  if (!began_ || budget_counted_ || clock_.Now() - *began_ <= timing_.budget) return;
  budget_counted_ = true;
  ++counts_.over_budget;
}

std::chrono::nanoseconds Loop::ScanningFor(Moment now) const {
  return began_ ? now - *began_ : std::chrono::nanoseconds{0};
}

Moment Loop::Deadline() {
  const Moment upkeep = clock_.Now() + kUpkeep;
  return scanning() ? upkeep : std::min(due_, upkeep);
}

}  // namespace hullmark
