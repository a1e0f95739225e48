// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/evaluate/changes.h"
#include "agent/evaluate/known_state.h"
#include "hullmark/check.h"
#include "hullmark/event.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"
#include "hullmark/selector.h"
#include "hullmark/snapshot.h"
#include "tests/unit/evaluate/world.h"

namespace hullmark {

// One process of a scene; its verdicts by control, passes where none is named.
struct ActedProcess {
  int pid = 1;
  std::uint64_t start = 1;
  std::map<int, Verdict> says = {};
  bool ended = false;  // Between the look before and this one.

  friend bool operator==(const ActedProcess&, const ActedProcess&) = default;
};

struct ActedContainer {
  std::string id = "web";
  bool named = true;        // After its id.
  std::uint64_t start = 1;  // Of its init; 0: cannot be told.
  std::vector<ActedProcess> processes = {};
  std::map<int, Verdict> says = {};  // Of container controls.

  friend bool operator==(const ActedContainer&, const ActedContainer&) = default;
};

// A host at one scan: what is on it, and what the checks say. Controls are C-0 ... in this order:
// process controls first, then container controls, then one of the host.
struct ActedScene {
  std::vector<ActedContainer> containers = {};
  Verdict host = {.outcome = Outcome::kPass};
  bool truncated = false;
  std::uint32_t unreadable = 0;      // Processes.
  std::string vantage_problem = "";  // Its id.
  std::string boot_id = "boot";
  std::optional<Timestamp> booted_at = {};
  Selector select = {};  // Whom to judge.
  int process_controls = 1, container_controls = 1;
};

inline constexpr std::int64_t kSecond = 1'000'000'000;
inline constexpr std::int64_t kScanInterval = 15 * kSecond;

// A scene with its snapshot, benchmark and report.
class ActedScan {
 public:
  ActedScan(const ActedScene& scene, std::int64_t taken_at);
  JudgedScan judged() const {
    return {.snapshot = world_.snapshot, .benchmark = world_.benchmark, .report = report_};
  }
  Snapshot TakeSnapshot() && { return std::move(world_.snapshot); }

 private:
  World world_;
  Report report_;
};

// Judges scenes one after another, fifteen seconds apart, and remembers what was said.
struct Watch {
  ChangeOptions options{};
  KnownState state{};
  std::int64_t now = 1'000 * kSecond;
  bool moved = false;  // By the newest scan.

  std::vector<Event> See(const ActedScene& scene);
  std::vector<Event> SeeAgain(const ActedScene& scene);  // At the same time as before.
};

// "violation_appeared web C-0 high", in order.
std::vector<std::string> Lines(const std::vector<Event>& events);

}  // namespace hullmark
