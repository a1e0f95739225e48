// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "agent/sinks/report_sinks.h"
#include "hullmark/action.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/policy.h"

namespace hullmark {

// Upper bounds of hullmark_detection_latency_seconds.
inline constexpr std::array kDetectionBounds = {
    0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0};

enum class ScanResult : std::uint8_t { kOk, kPartial, kFailed };

// What a process of the agent takes.
struct ProcessUsage {
  double cpu_seconds = 0;
  std::uint64_t resident_bytes = 0, virtual_bytes = 0;
  std::optional<std::uint64_t> open_fds{}, max_fds{};
  Timestamp started{};
};

// What the agent says of itself. Counters live as long as this does; a value that nobody has given
// yet is absent, never 0, but for counters of known labels. Not for two threads at once.
class SelfMetrics {
 public:
  SelfMetrics(std::string_view version, std::string_view revision);
  SelfMetrics(const SelfMetrics&) = delete;
  SelfMetrics& operator=(const SelfMetrics&) = delete;
  ~SelfMetrics();

  void CountScan(ScanResult result, std::chrono::nanoseconds took);
  void CountOverruns(std::uint64_t count);
  void CountGatewayRestarts(std::uint64_t count);
  void CountEventLinesLost(std::uint64_t count);
  // Since the last call, of a watcher of events: by kind of it; by kDetectionBounds, one more for
  // what took longer, with their sum in seconds.
  void CountTaskEvents(std::string_view kind, std::uint64_t count);
  void CountTaskEventsLost(std::uint64_t count);
  void CountDetections(std::span<const std::uint64_t> counts, double seconds);
  // `feature`: one of those that the family's help names.
  void SetFeature(std::string_view feature, bool works);
  // It is not switched on any more.
  void ForgetFeature(std::string_view feature);
  // After each scan: its time, processes, read errors, vantage, coverage, benchmark and waivers.
  void Describe(const ReportInput& input);
  void CountViolation(std::string_view control, Severity severity);
  void CountResolved(std::string_view control, Severity severity);
  // `at`: when the configuration was read.
  void SetReload(bool successful, Timestamp at);
  // Attempts to tell a hook, and events that it was never told, since the last call.
  void CountDeliveries(std::string_view hook, std::string_view result, std::uint64_t count);
  void CountDeadLetters(std::string_view hook, std::string_view reason, std::uint64_t count);
  // What waits, and when it was last told something (nullopt: not yet).
  void SetHook(std::string_view hook, std::size_t waiting, std::optional<Timestamp> told);
  void CountActions(ActionKind kind, bool enforced, ActionResult result, std::uint64_t count);
  // `active`: by ActionKind, of those that can be taken back.
  void SetEnforcement(std::span<const std::uint64_t> active, std::int32_t budget_remaining,
                      bool breaker_open);
  // It is off.
  void ForgetEnforcement();
  // `path` is one of a fixed set: never what a client sent.
  void CountRequests(std::string_view path, int code, std::uint64_t count);
  // `process`: "inspector", "gateway" or "courier". What `usage` lacks is absent from now on.
  void SetProcess(std::string_view process, const ProcessUsage& usage);
  void CountDropped(std::size_t series);

  // All of it in the text format.
  struct Written {
    std::string text;
    std::size_t series = 0;
  };
  Written Write() const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace hullmark
