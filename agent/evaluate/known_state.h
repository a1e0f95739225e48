// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// What those who listen have been told of a control, and what is about to be told: everything that
// the events of the next scan depend on besides that scan. Plain values, kept over a restart.

enum class Standing : std::uint8_t { kQuiet, kUnknown, kFailing };
inline constexpr int kStandings = 3;

// A process that failed, by what no later process can have both of.
struct Offender {
  Pid pid{};
  BootTicks start{};

  friend bool operator==(const Offender&, const Offender&) = default;
};

// The last scan that saw a control fail.
struct LastFailure {
  Timestamp at{};  // Moved on by what does not count of the time since, see ChangeOptions::hold.
  Severity severity = Severity::kInfo;
  MilliPoints points = 0;
  std::string evidence{};             // Its first line of proof.
  std::vector<Offender> offenders{};  // Those that the proof names; of a process control only.

  friend bool operator==(const LastFailure&, const LastFailure&) = default;
};

struct KnownControl {
  Standing standing = Standing::kQuiet;  // As announced.
  Severity severity = Severity::kInfo;   // As announced, while it is failing.
  Timestamp since{};                     // First scan that showed the standing.
  // What was seen of late and is not announced: `next` in `scans` scans in a row, 0 for nothing.
  Standing next = Standing::kQuiet;
  std::int32_t scans = 0;
  Timestamp next_since{};
  std::optional<LastFailure> failure{};  // While it is failing, or may be about to.
  bool stale = false;                    // It could not be read any more: what failed stays failed.
  bool recent = false;  // The processes that failed are gone, and were not seen to pass.

  friend bool operator==(const KnownControl&, const KnownControl&) = default;
};

// The host or a container.
struct KnownSubject {
  std::optional<Grade> grade{};  // As announced; nullopt: none.
  std::int32_t grade_scans = 0;  // Scans in a row with another one.
  // By id. A control that is quiet and about to stay so is not listed.
  std::map<std::string, KnownControl, std::less<>> controls{};

  friend bool operator==(const KnownSubject&, const KnownSubject&) = default;
};

// One life of a container: a restart is another.
struct KnownContainer {
  std::string id{};
  std::optional<BootTicks> start{};                  // Of its init; nullopt: could not be told yet.
  std::string name{}, name_space{}, pod{}, image{};  // As last seen; long ones are cut.
  Runtime runtime = Runtime::kUnknown;
  ContainerClass container_class = ContainerClass::kContainer;
  KnownSubject subject{};

  friend bool operator==(const KnownContainer&, const KnownContainer&) = default;
};

struct KnownState {
  std::uint64_t last_id = 0;            // Of the newest event.
  std::optional<Timestamp> taken_at{};  // Of the newest scan; nullopt: there was none.
  std::string boot_id{};                // BootTicks are of this boot.
  std::vector<std::string> judged{};    // Ids of the benchmark's controls, sorted.
  KnownSubject host{};
  std::vector<KnownContainer> containers{};  // In the order of the newest scan.

  friend bool operator==(const KnownState&, const KnownState&) = default;
};

}  // namespace hullmark
