// SPDX-License-Identifier: Apache-2.0
#include "agent/sinks/metrics/families.h"

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

namespace hullmark {
namespace {

using enum MetricKind;

constexpr std::string_view kContainer = "container,namespace,pod,runtime";

constexpr std::array kFamilies = {
    MetricFamily{"hullmark_container_score", kGauge, kContainer, "0 to 100",
                 "Score of a container, 100 is best; what is unknown counts as a violation.",
                 "bottomk(10, hullmark_container_score)"},
    MetricFamily{"hullmark_container_score_ceiling", kGauge, kContainer, "0 to 100",
                 "Score of a container if all that is unknown were fine.",
                 "hullmark_container_score_ceiling - hullmark_container_score > 10"},
    MetricFamily{"hullmark_container_exposure_points", kGauge, kContainer, "points",
                 "Exposure of a container: the weights of what fails or is unknown, added up.",
                 "topk(10, hullmark_container_exposure_points)"},
    MetricFamily{"hullmark_container_coverage_ratio", kGauge, kContainer, "0 to 1",
                 "Part of what applies to a container, by weight, that could be decided.",
                 "hullmark_container_coverage_ratio < 0.8"},
    MetricFamily{"hullmark_container_start_time_seconds", kGauge, kContainer, "seconds",
                 "When the init of a container started, in seconds since 1970; absent where that "
                 "is unknown.",
                 "time() - hullmark_container_start_time_seconds < 600"},
    MetricFamily{"hullmark_container_info", kGauge,
                 "container,namespace,pod,runtime,id,image,class", "",
                 "1 for each container, with the first 12 characters of its id.",
                 "hullmark_container_score * on(container,namespace,pod,runtime) "
                 "group_left(image) hullmark_container_info"},
    MetricFamily{"hullmark_container_findings", kGauge,
                 "container,namespace,pod,runtime,severity,status", "",
                 "Controls of a container that fail, are unknown or are waived; only where there "
                 "are any.",
                 "sum by (severity) (hullmark_container_findings{status=\"fail\"})"},
    MetricFamily{"hullmark_container_limit_memory_bytes", kGauge, kContainer, "bytes",
                 "Memory limit in force on a container, ancestors included; absent where there is "
                 "none.",
                 "hullmark_container_info unless on(container,namespace,pod,runtime) "
                 "hullmark_container_limit_memory_bytes"},
    MetricFamily{"hullmark_container_limit_pids", kGauge, kContainer, "",
                 "Limit of processes in force on a container, ancestors included; absent where "
                 "there is none.",
                 "hullmark_container_limit_pids > 4096"},
    MetricFamily{"hullmark_container_limit_cpu_cores", kGauge, kContainer, "cores",
                 "CPU quota in force on a container, ancestors included; absent where there is "
                 "none.",
                 "sum(hullmark_container_limit_cpu_cores)"},
    MetricFamily{"hullmark_violation", kGauge, "container,namespace,pod,runtime,control,severity",
                 "",
                 "1 for each control that a container fails, with the severity it has there; below "
                 "container __other__ the number of those that were folded.",
                 "hullmark_violation{severity=\"critical\"}"},
    MetricFamily{"hullmark_control_failing_containers", kGauge, "control,severity", "",
                 "Containers that fail a control; never folded, 0 for controls of the host.",
                 "topk(10, hullmark_control_failing_containers)"},
    MetricFamily{"hullmark_control_info", kGauge, "control,severity,title", "",
                 "1 for each control of the benchmark, with its severity there.",
                 "hullmark_violation * on(control) group_left(title) hullmark_control_info"},
    MetricFamily{"hullmark_containers", kGauge, "runtime,class", "", "Containers judged.",
                 "sum by (runtime) (hullmark_containers)"},
    MetricFamily{"hullmark_containers_by_grade", kGauge, "grade", "",
                 "Containers by grade; grade is empty where too little is known for one.",
                 "hullmark_containers_by_grade{grade=~\"D|F\"}"},
    MetricFamily{"hullmark_host_score", kGauge, "", "0 to 100",
                 "Score of the host itself, 100 is best; what is unknown counts as a violation.",
                 "hullmark_host_score < 50"},
    MetricFamily{"hullmark_host_score_ceiling", kGauge, "", "0 to 100",
                 "Score of the host if all that is unknown were fine.",
                 "hullmark_host_score_ceiling - hullmark_host_score"},
    MetricFamily{"hullmark_host_exposure_points", kGauge, "", "points",
                 "Exposure of the host: the weights of what fails or is unknown, added up.",
                 "hullmark_host_exposure_points"},
    MetricFamily{"hullmark_host_violation", kGauge, "control,severity", "",
                 "1 for each control that the host fails.",
                 "hullmark_host_violation{severity=~\"critical|high\"}"},
    MetricFamily{"hullmark_violations_total", kCounter, "control,severity", "",
                 "Violations that began, or took this severity: changes, not states.",
                 "increase(hullmark_violations_total{severity=\"critical\"}[1h])"},
    MetricFamily{
        "hullmark_violations_resolved_total", kCounter, "control,severity", "",
        "Violations that ended, by a change or with their container, or left this severity.",
        "sum(increase(hullmark_violations_resolved_total[1d]))"},
    MetricFamily{"hullmark_last_scan_timestamp_seconds", kGauge, "", "seconds",
                 "When the host was last looked at, in seconds since 1970.",
                 "time() - hullmark_last_scan_timestamp_seconds > 60"},
    MetricFamily{"hullmark_scans_total", kCounter, "result", "",
                 "Scans by result: ok, partial (not every process could be read) or failed.",
                 "rate(hullmark_scans_total{result!=\"ok\"}[15m]) > 0"},
    MetricFamily{"hullmark_scan_overruns_total", kCounter, "", "",
                 "Scans that took longer than their budget, and those that were due meanwhile.",
                 "increase(hullmark_scan_overruns_total[1h])"},
    MetricFamily{"hullmark_scan_duration_seconds", kHistogram, "", "seconds",
                 "Time that a scan took, from the first file to the verdicts.",
                 "histogram_quantile(0.99, rate(hullmark_scan_duration_seconds_bucket[15m]))"},
    MetricFamily{"hullmark_processes", kGauge, "kind", "",
                 "Processes at the last scan: live, thread (beside leaders), zombie, "
                 "kernel_thread, vanished, unreadable or unattributed.",
                 "hullmark_processes{kind=\"unattributed\"} > 0"},
    MetricFamily{"hullmark_read_errors_total", kCounter, "file,errno", "",
                 "Files of processes that could not be read, by file and errno.",
                 "topk(5, rate(hullmark_read_errors_total[15m]))"},
    MetricFamily{"hullmark_coverage_ratio", kGauge, "", "0 to 1",
                 "Part of what applies to host and containers, by weight, that could be decided.",
                 "hullmark_coverage_ratio < 0.95"},
    MetricFamily{"hullmark_vantage_ok", kGauge, "", "",
                 "1 where the whole host can be seen from here, else 0.",
                 "hullmark_vantage_ok == 0"},
    MetricFamily{"hullmark_waivers", kGauge, "state", "",
                 "Waivers: active, expiring (active, for 14 days at most), expired or unused.",
                 "hullmark_waivers{state=\"expiring\"} > 0"},
    MetricFamily{"hullmark_waiver_expiry_timestamp_seconds", kGauge, "", "seconds",
                 "When the next waiver expires, in seconds since 1970; absent without one.",
                 "hullmark_waiver_expiry_timestamp_seconds - time() < 7 * 86400"},
    MetricFamily{"hullmark_series_dropped_total", kCounter, "", "",
                 "Series that were folded to keep the budget, added up over publications.",
                 "rate(hullmark_series_dropped_total[15m]) > 0"},
    MetricFamily{"hullmark_build_info", kGauge, "version,revision", "",
                 "1, with what this program was built from.",
                 "count by (version) (hullmark_build_info)"},
    MetricFamily{"hullmark_benchmark_info", kGauge, "id,version,sha256", "",
                 "1, with the benchmark that judges.",
                 "count by (version, sha256) (hullmark_benchmark_info)"},
    MetricFamily{
        "hullmark_config_last_reload_successful", kGauge, "", "",
        "1 where the last reading of configuration, benchmark and waivers, at the start or "
        "by SIGHUP, succeeded, else 0.",
        "hullmark_config_last_reload_successful == 0"},
    MetricFamily{"hullmark_config_last_reload_success_timestamp_seconds", kGauge, "", "seconds",
                 "When the configuration in force was read, in seconds since 1970.",
                 "time() - hullmark_config_last_reload_success_timestamp_seconds"},
    MetricFamily{"hullmark_feature_ok", kGauge, "feature", "",
                 "1 where a feature that is switched on works, else 0: state, events, textfile, "
                 "cgroup_watch, bpf, watch, hooks, enforce.",
                 "hullmark_feature_ok == 0"},
    MetricFamily{"hullmark_event_lines_lost_total", kCounter, "", "",
                 "Events that never reached the events file, which has a gap in its ids there.",
                 "increase(hullmark_event_lines_lost_total[1h]) > 0"},
    MetricFamily{"hullmark_events_total", kCounter, "kind", "",
                 "Processes that the kernel told of as it happened: fork, exec or exit; unplaced: "
                 "execs in namespaces that no scan had met yet. Absent where it does not tell.",
                 "rate(hullmark_events_total{kind=\"exec\"}[5m])"},
    MetricFamily{
        "hullmark_events_lost_total", kCounter, "", "",
        "Events that found the ring full, and execs of which no scan can tell: of too many "
        "kinds, of a container that is gone, while the configuration was read.",
        "increase(hullmark_events_lost_total[15m]) > 0"},
    MetricFamily{"hullmark_detection_latency_seconds", kHistogram, "", "seconds",
                 "From the kernel's time stamp of an exec in a container to its verdict.",
                 "histogram_quantile(0.99, rate(hullmark_detection_latency_seconds_bucket[15m]))"},
    MetricFamily{"hullmark_enforcement_actions_total", kCounter, "action,mode,result", "",
                 "Actions that were taken (mode enforced) or would have been (dry_run): done, "
                 "aborted or failed. Absent while enforcement is off, as those that follow.",
                 "sum by (action) (increase(hullmark_enforcement_actions_total"
                 "{mode=\"dry_run\"}[1d]))"},
    MetricFamily{"hullmark_enforcement_active", kGauge, "action", "",
                 "Actions that are in force and can be taken back.",
                 "hullmark_enforcement_active > 0"},
    MetricFamily{"hullmark_enforcement_budget_remaining", kGauge, "", "",
                 "Actions that the budget leaves for its period.",
                 "hullmark_enforcement_budget_remaining == 0"},
    MetricFamily{"hullmark_enforcement_breaker_open", kGauge, "", "",
                 "1 while there are notices only until somebody resets the breaker, else 0.",
                 "hullmark_enforcement_breaker_open == 1"},
    MetricFamily{"hullmark_gateway_restarts_total", kCounter, "", "",
                 "Times that the process that serves clients died and was started again.",
                 "increase(hullmark_gateway_restarts_total[1h])"},
    MetricFamily{"hullmark_hook_deliveries_total", kCounter, "hook,result", "",
                 "Attempts to tell a hook, by result: delivered, rejected, refused, garbage, "
                 "timeout, unresolved, unconnected, untrusted or lost.",
                 "rate(hullmark_hook_deliveries_total{result!=\"delivered\"}[15m]) > 0"},
    MetricFamily{"hullmark_hook_queue_length", kGauge, "hook", "",
                 "Events that a hook has still to be told of.", "hullmark_hook_queue_length > 100"},
    MetricFamily{"hullmark_hook_dead_letters_total", kCounter, "hook,reason", "",
                 "Events that a hook was never told of: dropped (its queue was full), rejected by "
                 "the receiver, or given_up; they are in the hook's file NAME.dead.",
                 "increase(hullmark_hook_dead_letters_total[1h]) > 0"},
    MetricFamily{"hullmark_hook_last_success_timestamp_seconds", kGauge, "hook", "seconds",
                 "When a hook was last told something, in seconds since 1970.",
                 "time() - hullmark_hook_last_success_timestamp_seconds"},
    MetricFamily{"hullmark_http_requests_total", kCounter, "path,code", "",
                 "Requests answered, up to the publication before this one.",
                 "sum by (code) (rate(hullmark_http_requests_total[5m]))"},
    MetricFamily{"process_cpu_seconds_total", kCounter, "process", "seconds",
                 "CPU time of a process of the agent.",
                 "rate(process_cpu_seconds_total{process=\"inspector\"}[15m])"},
    MetricFamily{"process_resident_memory_bytes", kGauge, "process", "bytes",
                 "Resident memory of a process of the agent.",
                 "sum(process_resident_memory_bytes)"},
    MetricFamily{"process_virtual_memory_bytes", kGauge, "process", "bytes",
                 "Virtual memory of a process of the agent.", "process_virtual_memory_bytes"},
    MetricFamily{"process_open_fds", kGauge, "process", "",
                 "Open file descriptors of a process of the agent.",
                 "process_open_fds / process_max_fds > 0.8"},
    MetricFamily{"process_max_fds", kGauge, "process", "",
                 "Most file descriptors that a process of the agent may open.", "process_max_fds"},
    MetricFamily{"process_start_time_seconds", kGauge, "process", "seconds",
                 "When a process of the agent started, in seconds since 1970.",
                 "changes(process_start_time_seconds[1h]) > 0"},
};
static_assert(kFamilies.size() == std::to_underlying(Metric::kProcessStart) + 1);

}  // namespace

std::span<const MetricFamily> MetricFamilies() { return kFamilies; }

const MetricFamily& FamilyOf(Metric metric) {
  return kFamilies[static_cast<std::size_t>(std::to_underlying(metric))];
}

std::string_view NameOf(MetricKind kind) {
  switch (kind) {
    case kGauge:
      return "gauge";
    case kCounter:
      return "counter";
    case kHistogram:
      return "histogram";
  }
  return "";
}

}  // namespace hullmark
