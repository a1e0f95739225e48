// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/enforce/limit_change.h"
#include "hullmark/action.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

// When something was written down. Milliseconds since boot mean something within that boot only.
struct LogStamp {
  Timestamp at{};
  std::string boot_id{};
  std::int64_t boot_ms = 0;

  friend bool operator==(const LogStamp&, const LogStamp&) = default;
};

enum class EntryKind : std::uint8_t {
  kIntended,      // Before anything of the action is done.
  kChange,        // Before a value is written.
  kResult,        // What came of the action.
  kUndone,        // It was taken back, or cannot be any more.
  kBreaker,       // It opened.
  kBreakerReset,  // Somebody closed it.
  kFollowUp,      // Before SIGKILL follows a signal; another result comes after it.
};

// A line of the log of actions: what a member is not of its kind is empty.
struct ActionEntry {
  EntryKind kind = EntryKind::kIntended;
  LogStamp stamp{};
  std::uint64_t id = 0;     // Of the action; of a breaker 0.
  Action action{};          // kIntended.
  LimitChange change{};     // kChange.
  ActionOutcome outcome{};  // kResult, kUndone.
  std::string why{};        // kUndone, kBreaker, kFollowUp.
  bool dry_run = false;     // kBreaker: which of the two.

  friend bool operator==(const ActionEntry&, const ActionEntry&) = default;
};

// One JSON object and a newline.
std::string EntryLine(const ActionEntry& entry);

// kMalformed for what EntryLine did not make.
Result<ActionEntry> ReadEntry(std::string_view line);

}  // namespace hullmark
