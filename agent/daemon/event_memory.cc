// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/event_memory.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/daemon/journal.h"
#include "agent/daemon/state_file.h"
#include "agent/evaluate/changes.h"
#include "agent/evaluate/known_state.h"
#include "hullmark/event.h"

namespace hullmark {
EventMemory EventMemory::Open(const Places& places, const Warn& warn) {
  EventMemory memory(places);
  auto journal = Journal::Open({.state_dir = places.state_dir,
                                .events_file = places.events_file,
                                .limits = places.limits,
                                .user = places.user},
                               warn);
  if (journal) {
    memory.journal_ = std::move(*journal);
  } else {
    warn("neither state nor events are written: " + journal.error().message);
  }
  return memory;
}

std::vector<Event> EventMemory::Take(const JudgedScan& scan, const ChangeOptions& options) {
  if (journal_) return journal_->Take(scan, options);
  return Update(known_, scan, options).events;
}

bool EventMemory::AwaitsNames() const {
  return std::ranges::any_of(known().containers,
                             [](const KnownContainer& known) { return known.waited > 0; });
}

void EventMemory::Tell(std::vector<Event>& events) {
  if (journal_) return journal_->Tell(events);
  for (Event& event : events) event.id = ++known_.last_id;
}

void EventMemory::Flush() {
  if (journal_) journal_->Flush();
}

void EventMemory::Close() {
  if (journal_) journal_->Close();
}

std::optional<bool> EventMemory::StateWorks() const {
  if (places_.state_dir.empty()) return std::nullopt;
  return journal_ && journal_->IsStateWritten();
}

std::optional<bool> EventMemory::EventsWork() const {
  if (places_.events_file.empty()) return std::nullopt;
  return journal_ && journal_->AreEventsWritten();
}

}  // namespace hullmark
