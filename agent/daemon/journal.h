// SPDX-License-Identifier: Apache-2.0
#pragma once

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
#include "agent/evaluate/known_state.h"
#include "hullmark/event.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

// Turns scans into events that are written down once, whatever happens to the agent.
//
// Every scan that moves something is written in this order:
//   1. state.json with the state after the scan and, as its outbox, all lines that may not be in
//      the events file yet (atomic: a new file, fsync, rename, fsync of the directory);
//   2. the lines are appended to the events file (fsync).
// Only then are the events for the log and for hooks. The picture of the scan may be published
// before: nobody waits for a disk to see what is wrong now. Killed before 1, the next scan
// after the restart shows the same changes again, and they get the same ids. Killed between 1 and
// 2, or within 2, the restart appends the lines of the outbox whose ids are above the last one in
// the events file, from which a partial line was cut. So the events file lacks and repeats none;
// who reads the log misses the events in flight, and finds them in the file.
//
// While the events file cannot be opened or written, lines wait in the outbox, 1,000 at most: then
// the oldest are lost, and counted. While the state cannot be written, events go out all the same;
// a crash then repeats the changes since the last state, under new ids: repeated, not lost. A state
// that was lost or damaged, or cannot be opened, begins anew above the last id of the events file.
// Both are tried again with each Flush. A state that is found only after something was told has
// been overtaken: it is replaced, and lines of it that never reached the events file are lost.
class Journal {
 public:
  struct Options {
    std::string state_dir{};    // "": none.
    std::string events_file{};  // "": none.
    EventLog::Limits limits{};
    Uid user{};  // Who the agent runs as.
  };

  struct Counts {
    std::uint64_t lost = 0;            // Events that never reached the events file.
    std::uint64_t event_failures = 0;  // Attempts to write.
    std::uint64_t state_failures = 0;
    std::size_t waiting = 0;  // Events.
  };

  static constexpr std::size_t kMostWaiting = 1'000;

  // Reads the state, and sends what waits in its outbox. The last directory of each path is made if
  // it is missing, for its owner alone; what cannot be used is warned of. Error: another agent uses
  // the state directory.
  static Result<Journal> Open(Options options, Warn warn);

  // The events of a scan; nothing is written yet.
  std::vector<Event> Take(const JudgedScan& scan, const ChangeOptions& options);
  // Takes events that no scan shows, and gives them their ids.
  void Tell(std::vector<Event>& events);
  // Writes down what was taken. Failures are warned of once, and again after a success.
  void Flush();

  // Writes the state with all its times, and what waits: before the agent ends.
  void Close();

  const KnownState& known() const { return saved_.known; }
  Counts counts() const;
  // Of the state directory; nullptr: there is none, or it cannot be used as yet.
  const StateFile* place() const { return file_ ? &*file_ : nullptr; }
  // Whether the last attempt worked.
  bool IsStateWritten() const { return file_ && !state_complained_; }
  bool AreEventsWritten() const { return log_ && !log_complained_; }

 private:
  Journal(Options options, Warn warn) : options_(std::move(options)), warn_(std::move(warn)) {}

  // False: another agent uses it.
  bool OpenState();
  void TakeUp(SavedState found);
  void Overtake(const SavedState& found);
  void OpenLog();
  void StandBack();
  void DropWritten();
  void DropOldest();
  void Save();
  void Send();
  void Complain(bool& complained, const std::optional<Error>& error);

  Options options_;
  std::optional<StateFile> file_;  // nullopt: there is none, or it cannot be opened as yet.
  std::optional<EventLog> log_;    // The same.
  SavedState saved_;
  Warn warn_;
  std::uint64_t opened_at_ = 0;  // Larger ids are of this life of the agent.
  std::uint64_t log_began_ = 0;  // The last id of the events file when it was opened.
  Counts counts_;
  bool told_ = false;     // Something, since the agent began.
  bool unsaved_ = false;  // The state file lags behind.
  bool state_complained_ = false, log_complained_ = false;
};

}  // namespace hullmark
