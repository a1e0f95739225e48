// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/journal.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/daemon/event_log.h"
#include "agent/daemon/saved_state.h"
#include "agent/daemon/state_file.h"
#include "agent/evaluate/changes.h"
#include "agent/sinks/event_json.h"
#include "hullmark/event.h"
#include "hullmark/result.h"

namespace hullmark {

Journal::Journal(StateFile file, std::optional<EventLog> log, SavedState saved, Warn warn)
    : file_(std::move(file)),
      log_(std::move(log)),
      saved_(std::move(saved)),
      warn_(std::move(warn)) {}

Result<Journal> Journal::Open(const Options& options, Warn warn) {
  auto file = StateFile::Open(options.state_dir, options.user);
  if (!file) return std::unexpected(file.error());
  auto saved = file->Load(warn);
  if (!saved) return std::unexpected(saved.error());
  std::optional<EventLog> log;
  if (options.events_file.empty()) {
    saved->outbox.clear();
  } else {
    auto opened = EventLog::Open(options.events_file, options.limits, options.user);
    if (!opened) return std::unexpected(opened.error());
    log = std::move(*opened);
    const std::uint64_t last = log->last_id();
    saved->known.last_id = std::max(saved->known.last_id, last);
    std::erase_if(saved->outbox,
                  [&](const std::string& line) { return IdOfEventLine(line).value_or(0) <= last; });
  }
  Journal journal(*std::move(file), std::move(log), *std::move(saved), std::move(warn));
  journal.Send();
  return journal;
}

std::vector<Event> Journal::Take(const JudgedScan& scan, const ChangeOptions& options) {
  Changes changes = Update(saved_.known, scan, options);
  if (log_) {
    for (const Event& event : changes.events) saved_.outbox.push_back(EventLine(event));
  }
  unsaved_ |= changes.moved;
  return std::move(changes.events);
}

void Journal::Flush() {
  if (unsaved_) Save();
  Send();
}

void Journal::Close() {
  Send();
  Save();
}

Journal::Counts Journal::counts() const {
  Counts counts = counts_;
  counts.waiting = saved_.outbox.size();
  return counts;
}

void Journal::Save() {
  const auto saved = file_.Save(saved_);
  unsaved_ = !saved;
  if (!saved) ++counts_.state_failures;
  Complain(state_complained_, saved ? std::nullopt : std::optional(saved.error()));
}

// Lines that are in the events file stay in the state file until it is written next; their ids
// tell.
void Journal::Send() {
  if (!log_ || saved_.outbox.empty()) return;
  const auto appended = log_->Append(saved_.outbox);
  const auto sent = saved_.outbox.begin() + static_cast<std::ptrdiff_t>(appended.lines);
  saved_.outbox.erase(saved_.outbox.begin(), sent);
  if (appended.error) ++counts_.event_failures;
  Complain(log_complained_, appended.error);
  DropOldest();
}

void Journal::DropOldest() {
  if (saved_.outbox.size() <= kMostWaiting) return;
  const std::size_t lost = saved_.outbox.size() - kMostWaiting;
  saved_.outbox.erase(saved_.outbox.begin(),
                      saved_.outbox.begin() + static_cast<std::ptrdiff_t>(lost));
  counts_.lost += lost;
}

void Journal::Complain(bool& complained, const std::optional<Error>& error) {
  if (error && !complained) warn_(error->message);
  complained = error.has_value();
}

}  // namespace hullmark
