// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "agent/base/file.h"
#include "agent/enforce/action_book.h"
#include "agent/enforce/action_entry.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

// actions.jsonl in the state directory: a line per intention, change, result and undo, each on the
// disk before the next thing is done. Space is reserved ahead of what is written, so that a disk
// that fills up does not disarm whoever has to take something back. The agent and `hullmark undo`
// write the same file: each holds the lock for as long as what it does takes, and reads first what
// the other has written.
class ActionLog {
 public:
  static constexpr std::uint64_t kReserve = 1U << 20;  // Bytes.
  static constexpr std::uint64_t kFull = 16U << 20;    // Then it becomes actions.jsonl.1.
  // An action takes seconds; who holds the lock for longer hangs.
  static constexpr std::chrono::milliseconds kPatience{10'000};

  // Makes it where it is missing. It must be a file of `user` or root that no others write to.
  static Result<ActionLog> Open(const std::string& directory, Uid user,
                                std::function<LogStamp()> now);

  // What it says, for whoever cannot have it: another holds the lock and does not let go, or the
  // disk is read-only. There are no turns, and nothing is appended.
  static Result<ActionLog> Peek(const std::string& directory, Uid user,
                                std::function<LogStamp()> now);

  // Locks, reads what others have written, and unlocks when it goes. One at a time.
  class Turn {
   public:
    explicit Turn(int file) : file_(file) {}
    Turn(Turn&& other) noexcept : file_(other.file_) { other.file_ = -1; }
    Turn& operator=(Turn&&) = delete;
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn();

   private:
    int file_;
  };
  // Error after `patience`: another has it.
  Result<Turn> Begin(std::chrono::milliseconds patience = kPatience);

  // Within a turn. The stamp is given here; of an intention the id too, which is returned. Error:
  // nothing may be done that this entry would tell of.
  Result<std::uint64_t> Append(ActionEntry entry);

  // What could not be appended: the book knows of it as long as this log is open.
  void Remember(ActionEntry entry);

  const ActionBook& book() const { return book_; }
  LogStamp Now() const { return now_(); }
  // Lines that were damaged and are passed over.
  std::size_t damaged() const { return damaged_; }

 private:
  ActionLog(std::string directory, Uid user, std::function<LogStamp()> now)
      : directory_(std::move(directory)), user_(user), now_(std::move(now)) {}

  Result<void> OpenFile(int flags);
  Result<void> Lock(std::chrono::milliseconds patience) const;
  Result<void> CatchUp();
  Result<std::size_t> Read();
  void Reserve();
  bool IsCurrent() const;
  bool RotateIfFull();

  std::string directory_;
  Uid user_;
  std::function<LogStamp()> now_;
  Fd file_;
  std::uint64_t read_ = 0;      // Bytes that the book has.
  std::uint64_t reserved_ = 0;  // Bytes from the beginning.
  ActionBook book_;
  std::size_t damaged_ = 0;
  bool peeked_ = false;
};

}  // namespace hullmark
