// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace hullmark {

enum class MetricKind : std::uint8_t { kGauge, kCounter, kHistogram };

// One metric, as HELP, TYPE and docs/metrics.md tell it.
struct MetricFamily {
  std::string_view name;
  MetricKind kind;
  std::string_view labels;  // Names, comma separated; "" for none.
  std::string_view unit;    // "bytes", "points" ...; "" of what is a plain number.
  std::string_view help;    // One line, without a backslash.
  std::string_view query;   // An example in PromQL.
};

// The metrics in the order of the exposition; an enumerator is its row of MetricFamilies().
enum class Metric : std::uint8_t {
  kContainerScore,
  kContainerScoreCeiling,
  kContainerExposure,
  kContainerCoverage,
  kContainerStart,
  kContainerInfo,
  kContainerFindings,
  kContainerLimitMemory,
  kContainerLimitPids,
  kContainerLimitCpu,
  kViolation,
  kControlFailing,
  kControlInfo,
  kContainers,
  kContainersByGrade,
  kHostScore,
  kHostScoreCeiling,
  kHostExposure,
  kHostViolation,
  kViolationsTotal,
  kViolationsResolvedTotal,
  kLastScan,
  kScansTotal,
  kScanOverrunsTotal,
  kScanDuration,
  kProcesses,
  kReadErrorsTotal,
  kCoverage,
  kVantageOk,
  kWaivers,
  kWaiverExpiry,
  kSeriesDroppedTotal,
  kBuildInfo,
  kBenchmarkInfo,
  kConfigReloadSuccessful,
  kConfigReloadTime,
  kFeatureOk,
  kEventLinesLostTotal,
  kEventsTotal,
  kEventsLostTotal,
  kDetectionLatency,
  kEnforcementActionsTotal,
  kEnforcementActive,
  kEnforcementBudget,
  kEnforcementBreaker,
  kGatewayRestartsTotal,
  kHookDeliveriesTotal,
  kHookQueueLength,
  kHookDeadLettersTotal,
  kHookLastSuccess,
  kHttpRequestsTotal,
  kProcessCpuTotal,
  kProcessResident,
  kProcessVirtual,
  kProcessOpenFds,
  kProcessMaxFds,
  kProcessStart,
};

std::span<const MetricFamily> MetricFamilies();
const MetricFamily& FamilyOf(Metric metric);
std::string_view NameOf(MetricKind kind);

}  // namespace hullmark
