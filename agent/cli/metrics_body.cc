// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/metrics_body.h"

#include <spdlog/fmt/fmt.h>

#include <chrono>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "agent/daemon/agent.h"
#include "agent/gateway/requests.h"
#include "agent/sinks/report_sinks.h"

namespace hullmark {
namespace {

void AddFamily(std::string& body, std::string_view name, std::string_view type,
               std::string_view help) {
  fmt::format_to(std::back_inserter(body), "# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
}

template <typename Value>
void AddOne(std::string& body, std::string_view name, std::string_view type, std::string_view help,
            Value value) {
  AddFamily(body, name, type, help);
  fmt::format_to(std::back_inserter(body), "{} {}\n", name, value);
}

void AddRequests(std::string& body, const RequestCounts& requests) {
  AddFamily(body, "hullmark_http_requests_total", "counter",
            "Requests answered by the gateway, until the scan began.");
  for (std::size_t route = 0; route < kRoutes; ++route) {
    for (std::size_t code = 0; code < kAnswerCodes.size(); ++code) {
      if (requests[route][code] == 0) continue;
      fmt::format_to(std::back_inserter(body),
                     "hullmark_http_requests_total{{path=\"{}\",code=\"{}\"}} {}\n",
                     kRouteNames[route], kAnswerCodes[code], requests[route][code]);
    }
  }
}

}  // namespace

std::string MetricsBody(const ReportInput& in, const ScanOrder& order,
                        std::chrono::nanoseconds duration) {
  std::string body;
  AddFamily(body, "hullmark_build_info", "gauge", "The running version.");
  fmt::format_to(std::back_inserter(body), "hullmark_build_info{{version=\"{}\"}} 1\n",
                 in.options.tool_version);
  AddFamily(body, "hullmark_benchmark_info", "gauge", "The benchmark that judges.");
  fmt::format_to(std::back_inserter(body), "hullmark_benchmark_info{{sha256=\"{}\"}} 1\n",
                 in.benchmark.sha256);
  AddOne(body, "hullmark_containers", "gauge", "Containers judged.", in.report.containers.size());
  AddOne(body, "hullmark_last_scan_timestamp_seconds", "gauge", "When the last scan looked.",
         static_cast<double>(std::to_underlying(in.snapshot.taken_at)) / 1e9);
  AddOne(body, "hullmark_last_scan_duration_seconds", "gauge", "How long the last scan took.",
         std::chrono::duration<double>(duration).count());
  AddFamily(body, "hullmark_scans_total", "counter", "Scans, this one included.");
  fmt::format_to(std::back_inserter(body), "hullmark_scans_total{{result=\"ok\"}} {}\n",
                 order.state.scans_done + 1);
  fmt::format_to(std::back_inserter(body), "hullmark_scans_total{{result=\"failed\"}} {}\n",
                 order.state.scans_failed);
  AddOne(body, "hullmark_scan_overruns_total", "counter",
         "Scans that took longer than their budget, and scans that were due meanwhile.",
         order.state.loop.over_budget + order.state.loop.missed);
  AddOne(body, "hullmark_config_last_reload_successful", "gauge", "1 unless a reload was refused.",
         order.state.last_reload_worked ? 1 : 0);
  AddOne(body, "hullmark_gateway_restarts_total", "counter", "Times the gateway was started again.",
         order.state.gateway_restarts);
  AddRequests(body, order.state.requests);
  return body;
}

}  // namespace hullmark
