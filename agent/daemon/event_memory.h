// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/daemon/event_log.h"
#include "agent/daemon/journal.h"
#include "agent/daemon/state_file.h"
#include "agent/evaluate/changes.h"
#include "agent/evaluate/known_state.h"
#include "hullmark/event.h"
#include "hullmark/ids.h"

namespace hullmark {

// What the agent remembers of what it has told: on disk where it can, else as long as it lives.
// A directory that cannot be used costs what would be in it, never the agent.
class EventMemory {
 public:
  struct Places {
    std::string state_dir{};    // "": nothing is kept over a restart.
    std::string events_file{};  // "": none.
    EventLog::Limits limits{};
    Uid user{};  // Who the agent runs as.
  };

  // See Journal. Another agent that uses the state directory is the one that writes.
  static EventMemory Open(const Places& places, const Warn& warn);

  // See Journal.
  std::vector<Event> Take(const JudgedScan& scan, const ChangeOptions& options);
  // Takes events that no scan shows, and gives them their ids.
  void Tell(std::vector<Event>& events);
  // Id of the newest event; 0: there has been none.
  std::uint64_t last_id() const { return known().last_id; }
  // Whether a container is not spoken of yet, for want of its name.
  bool AwaitsNames() const;
  void Flush();
  void Close();
  // See Journal.
  const StateFile* place() const { return journal_ ? journal_->place() : nullptr; }

  // The state directory where it is this agent's; "" where there is none, or another one uses it.
  std::string OwnDirectory() const { return journal_ ? places_.state_dir : ""; }

  // Whether what was asked for is being written; nullopt: it was not asked for.
  std::optional<bool> StateWorks() const;
  std::optional<bool> EventsWork() const;
  // Events that never reached the events file.
  std::uint64_t lost() const { return journal_ ? journal_->counts().lost : 0; }

 private:
  explicit EventMemory(Places places) : places_(std::move(places)) {}
  const KnownState& known() const { return journal_ ? journal_->known() : known_; }

  Places places_;
  std::optional<Journal> journal_{};
  KnownState known_{};  // Without a journal.
};

}  // namespace hullmark
