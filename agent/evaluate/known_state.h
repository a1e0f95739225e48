// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// What those who listen have been told of a control, and what is about to be told: everything that
// the events of the next scan depend on besides that scan. Plain values, kept over a restart. A
// thousand containers have some thirty thousand known controls, so that what many share is held
// once and named by its place.

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
  std::uint32_t evidence = 0;  // Its first line of proof: place in KnownState::texts.
  std::int32_t points = 0;     // MilliPoints; no control has more than ten million.
  // Processes that the proof names, of a process control only: places in KnownSubject::offenders.
  std::uint16_t offenders_begin = 0, offenders_end = 0;
  Severity severity = Severity::kInfo;

  friend bool operator==(const LastFailure&, const LastFailure&) = default;
};

struct KnownControl {
  std::uint16_t control = 0;             // Place in KnownState::controls.
  Standing standing = Standing::kQuiet;  // As announced.
  Severity severity = Severity::kInfo;   // As announced, while it is failing.
  // What was seen of late and is not announced: `next` in `scans` scans in a row, 0 for nothing.
  Standing next = Standing::kQuiet;
  std::uint8_t scans = 0;
  bool stale = false;   // It could not be read any more: what failed stays failed.
  bool recent = false;  // The processes that failed are gone, and were not seen to pass.
  std::optional<LastFailure> failure{};  // While it is failing, or may be about to.

  friend bool operator==(const KnownControl&, const KnownControl&) = default;
};
static_assert(sizeof(KnownControl) <= 40, "there are tens of thousands");

// The host or a container.
struct KnownSubject {
  std::optional<Grade> grade{};  // As announced; nullopt: none.
  std::int32_t grade_scans = 0;  // Scans in a row with another one.
  // Ascending by `control`. One that is quiet and about to stay so is not listed.
  std::vector<KnownControl> controls{};
  std::vector<Offender> offenders{};  // Lists of them, one after the other.

  friend bool operator==(const KnownSubject&, const KnownSubject&) = default;
};

// One life of a container: a restart is another.
struct KnownContainer {
  std::string id{};
  std::optional<BootTicks> start{};                  // Of its init; nullopt: could not be told yet.
  std::string name{}, name_space{}, pod{}, image{};  // As last told; long ones are cut.
  Runtime runtime = Runtime::kUnknown;
  ContainerClass container_class = ContainerClass::kContainer;
  std::int32_t waited = 0;  // Scans in a row that it was not announced in; 0: it is announced.
  KnownSubject subject{};

  friend bool operator==(const KnownContainer&, const KnownContainer&) = default;
};

struct KnownState {
  std::uint64_t last_id = 0;            // Of the newest event.
  std::optional<Timestamp> taken_at{};  // Of the newest scan; nullopt: there was none.
  std::string boot_id{};                // BootTicks are of this boot.
  // Ids: first those of the newest scan's benchmark, `judged` of them in its order, then those that
  // it has no more and that somebody has yet to hear of.
  std::vector<std::string> controls{};
  std::size_t judged = 0;
  std::deque<std::string> texts{};  // A deque: they stay where they are while it grows.
  KnownSubject host{};
  std::vector<KnownContainer> containers{};  // In the order of the newest scan.

  friend bool operator==(const KnownState&, const KnownState&) = default;
};

// The record of a control, by its place; nullptr: none.
const KnownControl* FindControl(const KnownSubject& subject, std::uint16_t control);

}  // namespace hullmark
