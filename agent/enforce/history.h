// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hullmark/action.h"

namespace hullmark {

// What plans remember from one look to the next. Times are milliseconds since boot: a clock that is
// set changes nothing.

// How far a rule has gone with a container.
struct Ladder {
  std::map<std::string, std::int64_t> failing{};  // Since when without a break, by control.
  std::size_t next_step = 0;
  std::int64_t ready = 0;     // Not before this time.
  bool dry_run = true;        // What was done was pretended.
  bool told_of_stop = false;  // That the breaker keeps the next step from being taken.

  friend bool operator==(const Ladder&, const Ladder&) = default;
};

using LadderKey = std::pair<std::string, ContainerLife>;  // By the rule's name.

// What was tried, towards the budget; pretended actions have a budget of their own, so that a dry
// run shows what enforcement would do.
struct Ledger {
  struct Entry {
    std::int64_t at = 0;
    std::string container{};  // Id.

    friend bool operator==(const Entry&, const Entry&) = default;
  };
  std::vector<Entry> spent{};
  std::vector<std::int64_t> failures{};
  std::string breaker{};  // Why nothing is done but notices until somebody resets it; "": it is.

  friend bool operator==(const Ledger&, const Ledger&) = default;
};

struct History {
  std::int64_t started = 0;  // The agent.
  std::map<LadderKey, Ladder> ladders{};
  Ledger pretended{}, enforced{};

  Ledger& LedgerOf(bool dry_run) { return dry_run ? pretended : enforced; }
  const Ledger& LedgerOf(bool dry_run) const { return dry_run ? pretended : enforced; }

  friend bool operator==(const History&, const History&) = default;
};

}  // namespace hullmark
