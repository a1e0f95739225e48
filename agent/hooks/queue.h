// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/file.h"
#include "agent/hooks/queue_lines.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

// Why a letter was never delivered.
enum class DeadReason : std::uint8_t { kDropped, kRejected, kGivenUp };
inline constexpr int kDeadReasons = 3;
std::string_view NameOf(DeadReason reason);  // "dropped"

// What one hook has still to be told, in memory and in NAME.queue. The file is a log of what
// happens in memory: added letters are on the disk when Sync() returns, and a kill at any byte
// leaves a prefix of the log. It is written anew, in one step, when it is opened, when most of it
// is past, and after any failure; while the disk fails, all goes on in memory.
//
// A letter about an event is added before the agent has written down that the event happened
// (Decide() says that it has): a kill in between shows the same change again, perhaps under the
// same id and perhaps not. Such letters are forgotten when the queue is opened.
//
// What never gets delivered is appended to NAME.dead, with the reason; full, that becomes
// NAME.dead.1.
class HookQueue {
 public:
  struct Place {
    std::string directory{};  // "": in memory only.
    std::string name{};
    Uid user{};                                          // Who the agent runs as.
    std::uint64_t decided = 0;                           // Events up to this id have happened.
    std::uint64_t most_bytes = std::uint64_t{16} << 20;  // Of bodies, and of a file of the dead.
  };

  explicit HookQueue(Place place);

  // Reads the file and writes it anew. Error: all is in memory only, for now.
  Result<void> Open();

  // Letters by number, oldest first.
  const std::map<std::uint64_t, Letter>& letters() const { return letters_; }
  // One that no two letters have, in all lives of the agent.
  std::string KeyOf(std::uint64_t number) const;
  std::uint64_t next() const { return begun_.next; }

  // Adds letter next(). Returns the numbers of the oldest ones, which had to make room.
  // `sender`: whose letters keep their order, "" for the host.
  std::vector<std::uint64_t> Add(std::uint64_t event, std::string_view sender, std::string body);
  void Decide(std::uint64_t event);
  // Which is delivered.
  void Remove(std::uint64_t number);
  void Bury(std::uint64_t number, DeadReason reason);

  // Writes what has happened: where `durable` is set, it is on the disk then. Error: it is not in
  // the file; tried again with the next call.
  Result<void> Write(bool durable);

 private:
  Result<void> Load();
  void Replay(std::string_view text);
  Result<void> Rewrite();
  Result<void> Append(bool durable);
  Result<void> WriteDead();

  Place place_;
  Fd directory_, file_;
  QueueBegun begun_;
  std::uint64_t decided_ = 0;
  std::map<std::uint64_t, Letter> letters_;
  std::uint64_t bytes_ = 0;  // Of letters_' bodies.
  std::string log_, dead_;   // Lines that are not in the files yet.
  std::uint64_t file_bytes_ = 0;
};

}  // namespace hullmark
