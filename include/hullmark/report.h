// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"
#include "hullmark/strings.h"

namespace hullmark {

enum class Status : std::uint8_t { kPass, kFail, kUnknown, kNotApplicable, kWaived, kManual };
inline constexpr int kStatuses = 6;

enum class Grade : std::uint8_t { kA, kB, kC, kD, kF };
inline constexpr int kGrades = 5;

// Exposure in thousandths of a point: exact, so that order and rounding cannot matter.
using MilliPoints = std::int64_t;

// See docs/architecture.md, "The score". Everything follows from integers; `score` is made of them
// when printed.
struct Score {
  MilliPoints exposure = 0;           // Unknown at its price, waived left out.
  MilliPoints exposure_known = 0;     // Unknown at 0: the best case.
  MilliPoints exposure_unwaived = 0;  // As exposure, waivers ignored.
  std::int64_t weight_known = 0,
               weight_applicable = 0;  // Coverage is their ratio; 1 when both are 0.
  std::optional<Grade> grade{};        // nullopt: provisional.
  bool critical = false;               // A control of severity critical fails.
  bool provisional = false;            // Coverage is too low for a grade.

  double coverage() const {
    return weight_applicable == 0
               ? 1.0
               : static_cast<double>(weight_known) / static_cast<double>(weight_applicable);
  }
};

// 100 * 2^(-exposure / half-life), not rounded.
double ScoreOf(MilliPoints exposure, const Scoring& scoring);

// A line of proof; its texts are in Report::strings.
struct FindingEvidence {
  std::optional<Pid> pid{}, tid{};
  std::optional<CgroupIndex> cgroup{};
  StringId source{};  // As of Evidence: PathOf() is the full path.
  StringId fact{};
  std::int32_t error_number = 0;
};

struct Finding {
  std::uint16_t control = 0;  // Index into Benchmark::controls.
  Status status = Status::kUnknown;
  Severity severity = Severity::kInfo;  // Effective.
  bool escalated = false;
  bool whole = true;             // Nothing of it is unknown that could cost more.
  std::int32_t weight = 0;       // The control's price here, in points; of a manual one 0.
  MilliPoints points = 0;        // What it costs in `exposure` (before waivers).
  MilliPoints points_known = 0;  // What it costs in `exposure_known`.
  std::uint32_t offenders = 0;   // Tasks with this status; 1 for a container or host control.
  std::uint32_t evidence_begin = 0, evidence_end = 0;  // Into Report::evidence.
  StringId note{};
  std::optional<std::uint32_t> waiver{};  // Of a waived one: index into EvaluateOptions::waivers.
};

enum class WaiverState : std::uint8_t { kActive, kExpiring, kExpired, kUnused };
inline constexpr int kWaiverStates = 4;

// What became of a waiver. Expired outranks unused, unused outranks expiring.
struct WaiverUse {
  WaiverState state = WaiverState::kUnused;
  // Findings it covers, also where an earlier waiver did so already; of an expired one those that
  // it would cover.
  std::uint32_t findings = 0;
};

struct ContainerReport {
  std::uint32_t container = 0;  // Index into Snapshot::containers.
  Score score;
  std::uint32_t processes = 0, threads = 0;
  std::vector<Finding>
      findings{};  // One per control that applies to its scope, in benchmark order.
};

struct HostReport {
  Score score;
  std::vector<Finding> findings{};
};

struct Summary {
  std::uint32_t containers = 0;
  std::array<std::uint32_t, 5> by_class = {};  // By ContainerClass.
  std::array<std::uint32_t, kGrades> by_grade = {};
  std::uint32_t without_grade = 0;
  std::array<std::uint32_t, kStatuses> by_status = {};      // Findings of the containers.
  std::array<std::uint32_t, kSeverities> by_severity = {};  // Failing findings of the containers.
  std::optional<std::uint32_t> worst{};                     // Into Report::containers.
  std::int64_t weight_known = 0, weight_applicable = 0;
};

// What we think of a Snapshot. Refers to the Snapshot, Benchmark and waivers it was made from,
// which outlive it; sinks get all four.
struct Report {
  Timestamp judged_at{};  // Expiries are decided at this time.
  StringTable strings;
  std::vector<FindingEvidence> evidence{};
  HostReport host;
  std::vector<ContainerReport> containers{};  // In the Snapshot's order, selected ones only.
  Summary summary;
  std::vector<WaiverUse> waivers{};  // In the order of EvaluateOptions::waivers.
};

// Whether a line of proof was read from a file of a process.
bool IsOfProcess(const Evidence& line);

// Where a line of proof was read: "/proc/42/task/43/ns/net"; "" for a conclusion. Put together when
// it is written, because thousands of lines name the same few files.
std::string PathOf(const Snapshot& snapshot, const Report& report, const FindingEvidence& line);

std::string_view NameOf(WaiverState state);
std::string_view NameOf(Status status);
std::string_view NameOf(Grade grade);
std::optional<Grade> GradeOfName(std::string_view name);

}  // namespace hullmark
