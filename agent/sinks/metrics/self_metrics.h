// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agent/sinks/report_sinks.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"

namespace hullmark {

enum class ScanResult : std::uint8_t { kOk, kPartial, kFailed };

// hullmark_waivers; an expiring one is active too and counted as expiring only.
struct WaiverCounts {
  std::uint32_t active = 0, expiring = 0, expired = 0, unused = 0;
  std::optional<Timestamp> next_expiry{};
};

// What a process of the agent takes.
struct ProcessUsage {
  double cpu_seconds = 0;
  std::uint64_t resident_bytes = 0, virtual_bytes = 0, open_fds = 0, max_fds = 0;
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
  void CountOverrun();
  // After each scan: its time, processes, read errors, vantage, coverage and benchmark.
  void Describe(const ReportInput& input);
  void CountViolation(std::string_view control, Severity severity);
  void CountResolved(std::string_view control, Severity severity);
  void SetWaivers(const WaiverCounts& waivers);
  // `at`: when the configuration was read.
  void SetReload(bool successful, Timestamp at);
  // `path` is one of a fixed set: never what a client sent.
  void CountRequests(std::string_view path, int code, std::uint64_t count);
  // `process`: "inspector", "gateway" or "courier".
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
