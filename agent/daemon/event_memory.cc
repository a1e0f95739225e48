// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/event_memory.h"

#include <sys/stat.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/daemon/durable.h"
#include "agent/daemon/journal.h"
#include "agent/daemon/state_file.h"
#include "agent/evaluate/changes.h"
#include "hullmark/event.h"

namespace hullmark {
namespace {

// What is wrong with it, if anything, is said by who opens it.
void MakeIfMissing(const std::string& directory) {
  constexpr mode_t kOwnerAlone = 0700;
  static_cast<void>(mkdir(directory.c_str(), kOwnerAlone));
}

}  // namespace

EventMemory EventMemory::Open(const Places& places, const Warn& warn) {
  EventMemory memory(places);
  if (places.state_dir.empty()) {
    if (!places.events_file.empty()) warn("no events file: it needs a state directory");
    return memory;
  }
  MakeIfMissing(places.state_dir);
  if (!places.events_file.empty()) MakeIfMissing(DirectoryOf(places.events_file));
  auto state = Journal::Open({.state_dir = places.state_dir,
                              .events_file = places.events_file,
                              .limits = places.limits,
                              .user = places.user},
                             warn);
  if (state) {
    memory.journal_ = std::move(*state);
  } else {
    warn("nothing is kept over a restart: " + state.error().message);
  }
  return memory;
}

std::vector<Event> EventMemory::Take(const JudgedScan& scan, const ChangeOptions& options) {
  if (journal_) return journal_->Take(scan, options);
  return Update(known_, scan, options).events;
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
