// SPDX-License-Identifier: Apache-2.0
#include "agent/sinks/metrics/self_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/labels.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "agent/sinks/metrics/families.h"
#include "agent/sinks/metrics/labels.h"
#include "agent/sinks/metrics/read_errors.h"
#include "agent/sinks/report_sinks.h"
#include "hullmark/action.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/policy.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"
#include "hullmark/waiver.h"

namespace hullmark {
namespace {

using prometheus::Counter, prometheus::Gauge, prometheus::Histogram, prometheus::Registry;
template <typename T>
using FamilyFor = prometheus::Family<T>;

constexpr std::array<std::string_view, 3> kResults = {"ok", "partial", "failed"};

template <typename T>
FamilyFor<T>& Register(Registry& registry, Metric metric) {
  const MetricFamily& row = FamilyOf(metric);
  return prometheus::detail::Builder<T>()
      .Name(std::string(row.name))
      .Help(std::string(row.help))
      .Register(registry);
}

double ToSeconds(Timestamp time) {
  constexpr double kNanoseconds = 1e9;
  return static_cast<double>(std::to_underlying(time)) / kNanoseconds;
}

prometheus::Labels ControlLabels(std::string_view control, Severity severity) {
  return {{"control", LabelText(control)}, {"severity", std::string(NameOf(severity))}};
}

std::string ErrnoName(int number) {
  const char* const name = number == 0 ? nullptr : strerrorname_np(number);
  return name == nullptr ? "" : name;
}

void SetOrRemove(FamilyFor<Gauge>& family, const prometheus::Labels& labels,
                 std::optional<std::uint64_t> value) {
  Gauge& gauge = family.Add(labels);
  if (value) {
    gauge.Set(static_cast<double>(*value));
  } else {
    family.Remove(&gauge);
  }
}

}  // namespace

struct SelfMetrics::Families {
  Registry registry;
  FamilyFor<Counter>& violations = Register<Counter>(registry, Metric::kViolationsTotal);
  FamilyFor<Counter>& resolved = Register<Counter>(registry, Metric::kViolationsResolvedTotal);
  FamilyFor<Gauge>& last_scan = Register<Gauge>(registry, Metric::kLastScan);
  FamilyFor<Counter>& scans = Register<Counter>(registry, Metric::kScansTotal);
  Counter& overruns = Register<Counter>(registry, Metric::kScanOverrunsTotal).Add({});
  Histogram& duration =
      Register<Histogram>(registry, Metric::kScanDuration)
          .Add({}, Histogram::BucketBoundaries{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                               0.5, 1, 2.5, 5, 10});
  FamilyFor<Gauge>& processes = Register<Gauge>(registry, Metric::kProcesses);
  FamilyFor<Counter>& read_errors = Register<Counter>(registry, Metric::kReadErrorsTotal);
  FamilyFor<Gauge>& coverage = Register<Gauge>(registry, Metric::kCoverage);
  FamilyFor<Gauge>& vantage = Register<Gauge>(registry, Metric::kVantageOk);
  FamilyFor<Gauge>& waivers = Register<Gauge>(registry, Metric::kWaivers);
  FamilyFor<Gauge>& waiver_expiry = Register<Gauge>(registry, Metric::kWaiverExpiry);
  Counter& dropped = Register<Counter>(registry, Metric::kSeriesDroppedTotal).Add({});
  FamilyFor<Gauge>& build = Register<Gauge>(registry, Metric::kBuildInfo);
  FamilyFor<Gauge>& benchmark = Register<Gauge>(registry, Metric::kBenchmarkInfo);
  FamilyFor<Gauge>& reload = Register<Gauge>(registry, Metric::kConfigReloadSuccessful);
  FamilyFor<Gauge>& reload_time = Register<Gauge>(registry, Metric::kConfigReloadTime);
  FamilyFor<Gauge>& features = Register<Gauge>(registry, Metric::kFeatureOk);
  Counter& event_lines_lost = Register<Counter>(registry, Metric::kEventLinesLostTotal).Add({});
  FamilyFor<Counter>& task_events = Register<Counter>(registry, Metric::kEventsTotal);
  FamilyFor<Counter>& task_events_lost = Register<Counter>(registry, Metric::kEventsLostTotal);
  FamilyFor<Histogram>& detections = Register<Histogram>(registry, Metric::kDetectionLatency);
  FamilyFor<Counter>& actions = Register<Counter>(registry, Metric::kEnforcementActionsTotal);
  FamilyFor<Gauge>& active = Register<Gauge>(registry, Metric::kEnforcementActive);
  FamilyFor<Gauge>& budget = Register<Gauge>(registry, Metric::kEnforcementBudget);
  FamilyFor<Gauge>& breaker = Register<Gauge>(registry, Metric::kEnforcementBreaker);
  Counter& restarts = Register<Counter>(registry, Metric::kGatewayRestartsTotal).Add({});
  FamilyFor<Counter>& deliveries = Register<Counter>(registry, Metric::kHookDeliveriesTotal);
  FamilyFor<Gauge>& hook_queues = Register<Gauge>(registry, Metric::kHookQueueLength);
  FamilyFor<Counter>& dead_letters = Register<Counter>(registry, Metric::kHookDeadLettersTotal);
  FamilyFor<Gauge>& hook_told = Register<Gauge>(registry, Metric::kHookLastSuccess);
  FamilyFor<Counter>& requests = Register<Counter>(registry, Metric::kHttpRequestsTotal);
  FamilyFor<Counter>& cpu = Register<Counter>(registry, Metric::kProcessCpuTotal);
  FamilyFor<Gauge>& resident = Register<Gauge>(registry, Metric::kProcessResident);
  FamilyFor<Gauge>& virtual_memory = Register<Gauge>(registry, Metric::kProcessVirtual);
  FamilyFor<Gauge>& open_fds = Register<Gauge>(registry, Metric::kProcessOpenFds);
  FamilyFor<Gauge>& max_fds = Register<Gauge>(registry, Metric::kProcessMaxFds);
  FamilyFor<Gauge>& started = Register<Gauge>(registry, Metric::kProcessStart);

  std::string benchmark_sha256;          // Of the benchmark that is described.
  Gauge* benchmark_described = nullptr;  // Its gauge.
  Gauge* next_expiry = nullptr;

  void DescribeBenchmark(const Benchmark& described);
  void DescribeProcesses(const Snapshot& snapshot);
  void DescribeWaivers(std::span<const WaiverUse> uses, std::span<const Waiver> waivers);
};

void SelfMetrics::Families::DescribeBenchmark(const Benchmark& described) {
  if (benchmark_described != nullptr && benchmark_sha256 == described.sha256) return;
  if (benchmark_described != nullptr) benchmark.Remove(benchmark_described);
  benchmark_sha256 = described.sha256;
  benchmark_described = &benchmark.Add({{"id", LabelText(described.id)},
                                        {"version", LabelText(described.version)},
                                        {"sha256", described.sha256}});
  benchmark_described->Set(1);
  // A first violation is an increase only from a 0 that was there before.
  for (const Control& control : described.controls) {
    violations.Add(ControlLabels(control.id, control.severity));
    resolved.Add(ControlLabels(control.id, control.severity));
  }
}

void SelfMetrics::Families::DescribeProcesses(const Snapshot& snapshot) {
  const auto set = [this](const char* kind, std::size_t count) {
    processes.Add({{"kind", kind}}).Set(static_cast<double>(count));
  };
  set("live", snapshot.processes.size());
  set("thread", snapshot.counts.threads);
  set("zombie", snapshot.counts.zombies);
  set("kernel_thread", snapshot.counts.kernel_threads);
  set("vanished", snapshot.counts.vanished);
  set("unreadable", snapshot.counts.unreadable);
  set("unattributed", snapshot.counts.unattributed);
  for (const auto& [what, count] : ReadErrorsOf(snapshot)) {
    read_errors.Add({{"file", std::string(what.first)}, {"errno", ErrnoName(what.second)}})
        .Increment(static_cast<double>(count));
  }
}

void SelfMetrics::Families::DescribeWaivers(std::span<const WaiverUse> uses,
                                            std::span<const Waiver> of) {
  std::array<std::uint32_t, kWaiverStates> counts = {};
  std::optional<Timestamp> next;
  for (std::size_t at = 0; at < uses.size(); ++at) {
    ++counts[std::to_underlying(uses[at].state)];
    if (uses[at].state == WaiverState::kExpired) continue;
    next = std::min(next.value_or(of[at].expires), of[at].expires);
  }
  for (int state = 0; state < kWaiverStates; ++state) {
    const auto name = NameOf(static_cast<WaiverState>(state));
    waivers.Add({{"state", std::string(name)}}).Set(counts[static_cast<std::size_t>(state)]);
  }
  if (next) {
    next_expiry = &waiver_expiry.Add({});
    next_expiry->Set(ToSeconds(*next));
  } else if (next_expiry != nullptr) {
    waiver_expiry.Remove(std::exchange(next_expiry, nullptr));
  }
}

SelfMetrics::SelfMetrics(std::string_view version, std::string_view revision)
    : families_(std::make_unique<Families>()) {
  families_->build.Add({{"version", std::string(version)}, {"revision", std::string(revision)}})
      .Set(1);
  for (const std::string_view result : kResults) {
    families_->scans.Add({{"result", std::string(result)}});
  }
  families_->DescribeWaivers({}, {});
}

SelfMetrics::~SelfMetrics() = default;

void SelfMetrics::CountScan(ScanResult result, std::chrono::nanoseconds took) {
  const std::string_view name = kResults[static_cast<std::size_t>(std::to_underlying(result))];
  families_->scans.Add({{"result", std::string(name)}}).Increment();
  families_->duration.Observe(std::chrono::duration<double>(took).count());
}

void SelfMetrics::CountOverruns(std::uint64_t count) {
  families_->overruns.Increment(static_cast<double>(count));
}

void SelfMetrics::CountGatewayRestarts(std::uint64_t count) {
  families_->restarts.Increment(static_cast<double>(count));
}

void SelfMetrics::CountEventLinesLost(std::uint64_t count) {
  families_->event_lines_lost.Increment(static_cast<double>(count));
}

void SelfMetrics::CountTaskEvents(std::string_view kind, std::uint64_t count) {
  families_->task_events.Add({{"kind", std::string(kind)}}).Increment(static_cast<double>(count));
}

void SelfMetrics::CountTaskEventsLost(std::uint64_t count) {
  families_->task_events_lost.Add({}).Increment(static_cast<double>(count));
}

void SelfMetrics::CountDetections(std::span<const std::uint64_t> counts, double seconds) {
  const std::vector<double> increments(counts.begin(), counts.end());
  families_->detections
      .Add({}, Histogram::BucketBoundaries(kDetectionBounds.begin(), kDetectionBounds.end()))
      .ObserveMultiple(increments, seconds);
}

void SelfMetrics::SetFeature(std::string_view feature, bool works) {
  families_->features.Add({{"feature", std::string(feature)}}).Set(works ? 1 : 0);
}

void SelfMetrics::ForgetFeature(std::string_view feature) {
  families_->features.Remove(&families_->features.Add({{"feature", std::string(feature)}}));
}

void SelfMetrics::Describe(const ReportInput& input) {
  const Summary& summary = input.report.summary;
  const Score whole = {.weight_known = summary.weight_known,
                       .weight_applicable = summary.weight_applicable};
  families_->last_scan.Add({}).Set(ToSeconds(input.snapshot.taken_at));
  families_->coverage.Add({}).Set(whole.coverage());
  families_->vantage.Add({}).Set(input.snapshot.vantage.problems.empty() ? 1 : 0);
  families_->DescribeBenchmark(input.benchmark);
  families_->DescribeProcesses(input.snapshot);
  families_->DescribeWaivers(input.report.waivers, input.waivers);
}

void SelfMetrics::CountViolation(std::string_view control, Severity severity) {
  families_->violations.Add(ControlLabels(control, severity)).Increment();
}

void SelfMetrics::CountResolved(std::string_view control, Severity severity) {
  families_->resolved.Add(ControlLabels(control, severity)).Increment();
}

void SelfMetrics::SetReload(bool successful, Timestamp at) {
  families_->reload.Add({}).Set(successful ? 1 : 0);
  if (successful) families_->reload_time.Add({}).Set(ToSeconds(at));
}

void SelfMetrics::CountDeliveries(std::string_view hook, std::string_view result,
                                  std::uint64_t count) {
  families_->deliveries.Add({{"hook", LabelText(hook)}, {"result", std::string(result)}})
      .Increment(static_cast<double>(count));
}

void SelfMetrics::CountDeadLetters(std::string_view hook, std::string_view reason,
                                   std::uint64_t count) {
  families_->dead_letters.Add({{"hook", LabelText(hook)}, {"reason", std::string(reason)}})
      .Increment(static_cast<double>(count));
}

void SelfMetrics::SetHook(std::string_view hook, std::size_t waiting,
                          std::optional<Timestamp> told) {
  const prometheus::Labels labels = {{"hook", LabelText(hook)}};
  families_->hook_queues.Add(labels).Set(static_cast<double>(waiting));
  if (told) families_->hook_told.Add(labels).Set(ToSeconds(*told));
}

void SelfMetrics::CountActions(ActionKind kind, bool enforced, ActionResult result,
                               std::uint64_t count) {
  families_->actions
      .Add({{"action", std::string(NameOf(kind))},
            {"mode", enforced ? "enforced" : "dry_run"},
            {"result", std::string(NameOf(result))}})
      .Increment(static_cast<double>(count));
}

void SelfMetrics::SetEnforcement(std::span<const std::uint64_t> active,
                                 std::int32_t budget_remaining, bool breaker_open) {
  for (std::size_t at = 0; at < active.size(); ++at) {
    const auto kind = static_cast<ActionKind>(at);
    if (!IsReversible(kind)) continue;
    families_->active.Add({{"action", std::string(NameOf(kind))}})
        .Set(static_cast<double>(active[at]));
  }
  families_->budget.Add({}).Set(budget_remaining);
  families_->breaker.Add({}).Set(breaker_open ? 1 : 0);
}

void SelfMetrics::ForgetEnforcement() {
  for (const ActionKind kind : {ActionKind::kThrottle, ActionKind::kFreeze}) {
    families_->active.Remove(&families_->active.Add({{"action", std::string(NameOf(kind))}}));
  }
  families_->budget.Remove(&families_->budget.Add({}));
  families_->breaker.Remove(&families_->breaker.Add({}));
}

void SelfMetrics::CountRequests(std::string_view path, int code, std::uint64_t count) {
  families_->requests.Add({{"path", LabelText(path)}, {"code", std::to_string(code)}})
      .Increment(static_cast<double>(count));
}

void SelfMetrics::SetProcess(std::string_view process, const ProcessUsage& usage) {
  const prometheus::Labels labels = {{"process", std::string(process)}};
  Counter* cpu = &families_->cpu.Add(labels);
  if (usage.cpu_seconds < cpu->Value()) {  // Another process has taken its place.
    families_->cpu.Remove(cpu);
    cpu = &families_->cpu.Add(labels);
  }
  cpu->Increment(usage.cpu_seconds - cpu->Value());
  families_->resident.Add(labels).Set(static_cast<double>(usage.resident_bytes));
  families_->virtual_memory.Add(labels).Set(static_cast<double>(usage.virtual_bytes));
  SetOrRemove(families_->open_fds, labels, usage.open_fds);
  SetOrRemove(families_->max_fds, labels, usage.max_fds);
  families_->started.Add(labels).Set(ToSeconds(usage.started));
}

void SelfMetrics::CountDropped(std::size_t series) {
  families_->dropped.Increment(static_cast<double>(series));
}

SelfMetrics::Written SelfMetrics::Write() const {
  Written written = {.text = prometheus::TextSerializer().Serialize(families_->registry.Collect()),
                     .series = 0};
  std::string_view rest = written.text;
  while (!rest.empty()) {
    if (!rest.starts_with('#')) ++written.series;
    rest.remove_prefix(std::min(rest.find('\n'), rest.size() - 1) + 1);
  }
  return written;
}

}  // namespace hullmark
