// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/journal.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/durable.h"
#include "agent/daemon/event_log.h"
#include "agent/daemon/saved_state.h"
#include "agent/daemon/state_file.h"
#include "agent/evaluate/changes.h"
#include "agent/sinks/event_json.h"
#include "hullmark/event.h"
#include "hullmark/result.h"

namespace hullmark {

Result<Journal> Journal::Open(Options options, Warn warn) {
  Journal journal(std::move(options), std::move(warn));
  if (!journal.OpenState()) {
    return Fail(ErrorCode::kDenied,
                journal.options_.state_dir + ": another hullmark agent is using it");
  }
  journal.Send();
  return journal;
}

bool Journal::OpenState() {
  if (options_.state_dir.empty()) return true;
  MakeIfMissing(options_.state_dir);
  bool in_use = false;
  auto file = StateFile::Open(options_.state_dir, options_.user, &in_use);
  auto found = file ? file->Load(warn_) : std::unexpected(file.error());
  if (!found) {
    if (in_use) return false;
    ++counts_.state_failures;
    Complain(state_complained_,
             Error{.code = found.error().code,
                   .message = "nothing is kept over a restart: " + found.error().message});
    return true;
  }
  state_complained_ = false;
  file_ = *std::move(file);
  if (told_) {
    Overtake(*found);
  } else {
    TakeUp(*std::move(found));
  }
  return true;
}

void Journal::TakeUp(SavedState found) {
  saved_ = std::move(found);
  if (options_.events_file.empty()) saved_.outbox.clear();
  opened_at_ = saved_.known.last_id;
  if (log_) DropWritten();
}

void Journal::Overtake(const SavedState& found) {
  saved_.known.last_id = std::max(saved_.known.last_id, found.known.last_id);
  if (log_) {
    counts_.lost += static_cast<std::uint64_t>(std::ranges::count_if(
        found.outbox,
        [this](const std::string& line) { return IdOfEventLine(line).value_or(0) > log_began_; }));
  }
  unsaved_ = true;
}

void Journal::OpenLog() {
  MakeIfMissing(DirectoryOf(options_.events_file));
  auto opened = EventLog::Open(options_.events_file, options_.limits, options_.user);
  if (!opened) ++counts_.event_failures;
  Complain(log_complained_, opened ? std::nullopt : std::optional(opened.error()));
  if (!opened) return;
  log_ = std::move(*opened);
  log_began_ = log_->last_id();
  DropWritten();
}

void Journal::DropWritten() {
  saved_.known.last_id = std::max(saved_.known.last_id, log_began_);
  std::erase_if(saved_.outbox, [&](const std::string& line) {
    const std::uint64_t id = IdOfEventLine(line).value_or(0);
    // What has got an id of the file while that could not be read cannot go there any more.
    if (id <= log_began_ && id > opened_at_) ++counts_.lost;
    return id <= log_began_;
  });
}

std::vector<Event> Journal::Take(const JudgedScan& scan, const ChangeOptions& options) {
  Changes changes = Update(saved_.known, scan, options);
  if (!options_.events_file.empty()) {
    for (const Event& event : changes.events) saved_.outbox.push_back(EventLine(event));
  }
  unsaved_ |= changes.moved;
  told_ |= !changes.events.empty();
  return std::move(changes.events);
}

void Journal::Tell(std::vector<Event>& events) {
  for (Event& event : events) {
    event.id = ++saved_.known.last_id;
    if (!options_.events_file.empty()) saved_.outbox.push_back(EventLine(event));
    unsaved_ = told_ = true;
  }
}

void Journal::Flush() {
  if (!file_ && !OpenState()) return StandBack();
  if (unsaved_) Save();
  Send();
}

void Journal::Close() {
  if (!file_ && !OpenState()) return;
  Send();
  Save();
}

// Another agent has got the directory meanwhile: the events file is its own too. Lines wait.
void Journal::StandBack() {
  if (log_) {
    warn_(options_.state_dir + ": another hullmark agent is using it: no events are written");
  }
  log_.reset();
  ++counts_.state_failures;
  DropOldest();
}

Journal::Counts Journal::counts() const {
  Counts counts = counts_;
  counts.waiting = saved_.outbox.size();
  return counts;
}

void Journal::Save() {
  if (!file_) return;
  const auto saved = file_->Save(saved_);
  unsaved_ = !saved;
  if (!saved) ++counts_.state_failures;
  Complain(state_complained_, saved ? std::nullopt : std::optional(saved.error()));
}

// Lines that are in the events file stay in the state file until it is written next; their ids
// tell.
void Journal::Send() {
  if (options_.events_file.empty()) return;
  if (!log_) OpenLog();
  if (!log_) return DropOldest();
  if (saved_.outbox.empty()) return;
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
