// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/cli/command.h"
#include "agent/cli/complain.h"
#include "agent/cli/describe_policy.h"
#include "agent/cli/hook_files.h"
#include "agent/cli/hook_words.h"
#include "agent/cli/inputs.h"
#include "agent/cli/output.h"
#include "agent/cli/site.h"
#include "agent/cli/web.h"
#include "agent/cli/words.h"
#include "agent/config/config.h"
#include "agent/encode/json_writer.h"
#include "agent/enforce/check_policy.h"
#include "agent/gateway/tls.h"
#include "agent/gateway/web_settings.h"
#include "agent/sinks/page.h"
#include "agent/sinks/values.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/selector.h"
#include "hullmark/snapshot.h"
#include "hullmark/waiver.h"

namespace hullmark {
namespace {

constexpr int kColumns = 80;
constexpr Caption kItem = {.text = "  - ", .indent = 4};

// 1000 as "100.0", 805 as "80.5".
std::string Percent(std::int32_t permille) {
  return std::to_string(permille / 10) + "." + std::to_string(permille % 10);
}

// ---- the configuration ----

void DescribeConfig(Page& page, const GlobalOptions& global) {
  if (global.config.empty()) return;
  const Config& site = global.site;
  page.Paragraph({}, global.config + ": configuration");
  std::vector<std::string> classes;
  for (const ContainerClass one : site.classes) classes.emplace_back(NameOf(one));
  page.Paragraph(kItem, "Judged are " + WhoIsMeant(site.select, "all containers") + " of class " +
                            Join(classes, "none") + ".");
  page.Paragraph(kItem, "Infrastructure: " +
                            (IsEmpty(site.infrastructure) ? std::string("none")
                                                          : WhoIsMeant(site.infrastructure, "")) +
                            ".");
  page.Paragraph(kItem, "The agent looks every " + Seconds(site.scan.interval) +
                            " and listens on " + Join(site.listen, "no address") + ".");
  page.Paragraph(kItem,
                 "Metrics: at most " + std::to_string(site.metrics.max_series) + " series" +
                     (site.metrics.violations
                          ? ", violations from " +
                                std::string(NameOf(site.metrics.violation_min_severity)) + " up."
                          : ", no violations."));
  page.Paragraph(
      kItem,
      "Events: " + (site.events.file.empty() ? std::string("no file") : site.events.file) + ".");
  page.Blank();
}

// ---- the benchmark and its overrides ----

std::string CountControls(const Benchmark& benchmark) {
  std::array<std::size_t, kSeverities> by_severity = {};
  std::size_t judged = 0;
  for (const Control& control : benchmark.controls) {
    if (!control.disabled.empty()) continue;
    ++by_severity[static_cast<std::size_t>(control.severity)];
    ++judged;
  }
  std::string text = "It judges " + Number(judged, "control") + ":";
  for (std::size_t at = by_severity.size(); at-- > 0;) {
    text += " " + std::to_string(by_severity[at]) + " ";
    text += NameOf(static_cast<Severity>(at));
    text += at == 0 ? "." : ",";
  }
  return text;
}

void DescribeBenchmark(Page& page, const Benchmark& benchmark, const std::string& file) {
  page.Paragraph({}, (file.empty() ? "compiled in" : file) + ": benchmark " + benchmark.id + " " +
                         benchmark.version + ", sha256 " + benchmark.sha256);
  page.Paragraph({}, CountControls(benchmark));
  const auto& scoring = benchmark.scoring;
  std::string text =
      "Every " + std::to_string(scoring.half_life) + " points of exposure halve the score. Grades:";
  constexpr std::string_view kLetters = "ABCD";
  for (std::size_t at = 0; at < kLetters.size(); ++at) {
    text += std::string(" ") + kLetters[at] + (at == 0 ? " up to " : " ");
    text += std::to_string(scoring.grade_bounds[at]) + (at == 0 ? " points," : ",");
  }
  page.Paragraph({}, text + " F above.");
  page.Paragraph({}, "What could not be read costs " + Percent(scoring.unknown_permille) +
                         " % of a violation; below a coverage of " +
                         Percent(scoring.provisional_permille) + " % there is no grade.");
}

std::string ChangeInWords(const Override& change) {
  std::string text = change.control;
  if (change.what == "disabled") {
    return text + " is switched off: " + change.reason +
           ". It is reported as manual, costs nothing and proves nothing.";
  }
  if (change.what == "unknown") {
    return "What could not be read costs " + change.to + " of a violation instead of " +
           change.from + ".";
  }
  text += ": " + change.what;
  text += change.from.empty() ? " is set to " + change.to
                              : " goes from " + change.from + " to " + change.to;
  return text + (change.reason.empty() ? "." : ": " + change.reason + ".");
}

void DescribeOverrides(Page& page, const Benchmark& benchmark, const std::string& file) {
  if (file.empty()) return;
  page.Blank();
  page.Paragraph({},
                 file + ": " + Number(benchmark.overrides.size(), "change") + " to the benchmark");
  for (const Override& change : benchmark.overrides) page.Paragraph(kItem, ChangeInWords(change));
}

// ---- waivers ----

struct Reach {
  std::size_t controls = 0, critical = 0;
};

Reach ReachOf(const Waiver& waiver, const Benchmark& benchmark) {
  Reach reach;
  for (const Control& control : benchmark.controls) {
    if (!control.disabled.empty() || !waiver.control.Matches(control.id)) continue;
    ++reach.controls;
    if (control.severity == Severity::kCritical) ++reach.critical;
  }
  return reach;
}

void WarnOfWaiver(Page& page, const Waiver& waiver, const Reach& reach, Timestamp now) {
  constexpr std::int64_t kSoon = std::int64_t{14} * 24 * 3600 * 1'000'000'000;
  const auto warn = [&](const std::string& text) {
    page.Paragraph({.indent = 4}, "WARNING: " + text);
  };
  const std::int64_t left = std::to_underlying(waiver.expires) - std::to_underlying(now);
  if (left <= 0) {
    warn("it has expired: it covers nothing.");
  } else if (left <= kSoon) {
    warn("it expires within 14 days.");
  }
  if (reach.controls == 0) {
    warn("no control that is judged is called " + waiver.control.pattern() +
         ": it covers nothing.");
  }
  if (reach.critical > 0 && !waiver.allow_critical) {
    warn("it does not cover " + Number(reach.critical, "critical control") +
         ": allow_critical is not given.");
  }
}

void DescribeWaivers(Page& page, const std::vector<Waiver>& waivers, const Benchmark& benchmark,
                     const GlobalOptions& global, Timestamp now) {
  if (global.waivers.empty()) return;
  page.Blank();
  page.Paragraph({}, Join(global.waivers, "") + ": " + Number(waivers.size(), "waiver"));
  for (const Waiver& waiver : waivers) {
    const Reach reach = ReachOf(waiver, benchmark);
    const std::string ticket = waiver.ticket.empty() ? "" : " [" + waiver.ticket + "]";
    page.Paragraph(kItem, waiver.control.pattern() + " (" + Number(reach.controls, "control") +
                              ") is accepted of " +
                              WhoIsMeant(waiver.select, "every container and the host") +
                              " until " + EndText(waiver.expires) + ": " + waiver.reason + ticket +
                              ". Owner: " + waiver.owner + " (" + waiver.source + ").");
    WarnOfWaiver(page, waiver, reach, now);
  }
}

void DescribeWeb(Page& page, const WebSettings& web, const std::string& path) {
  if (path.empty()) return;
  const ClientCertificate client = web.tls ? web.tls->client : ClientCertificate::kNone;
  const bool verified = client == ClientCertificate::kVerified;
  page.Paragraph({}, path + ": web configuration");
  page.Paragraph(kItem, web.tls ? std::string("Addresses but unix sockets speak TLS") +
                                      (verified ? ", to clients with a certificate only." : ".")
                                : std::string("No TLS."));
  page.Paragraph(kItem, web.users.empty() ? std::string("Nobody is asked for a password.")
                                          : "Everybody is asked for the password of one of " +
                                                Number(web.users.size(), "user") + ".");
  page.Blank();
}

Exit CheckFiles(const GlobalOptions& global, const Wiring& wiring) {
  const auto loaded = LoadChosenBenchmark(global);
  if (!loaded) return Complain(loaded.error(), Exit::kUsage);
  const auto waivers = LoadChosenWaivers(global);
  if (!waivers) return Complain(waivers.error(), Exit::kUsage);
  const auto policy = CheckPolicy(global.site.enforce, loaded->benchmark);
  if (!policy) return Complain(policy.error(), Exit::kUsage);
  const auto web = LoadWebSettings(global.site.web_config);
  if (!web) return Complain(web.error(), Exit::kUsage);
  const auto endpoints = LoadEndpoints(global.site.hooks);
  if (!endpoints) return Complain(endpoints.error(), Exit::kUsage);
  const auto written = WriteOutput("", [&](const ByteSink& sink) {
    Page page(sink, kColumns, false);
    DescribeConfig(page, global);
    DescribeWeb(page, *web, global.site.web_config);
    DescribeHooks(page, global.site.hooks);
    DescribeBenchmark(page, loaded->benchmark, global.benchmark);
    DescribeOverrides(page, loaded->benchmark, global.overrides);
    DescribeWaivers(page, *waivers, loaded->benchmark, global, wiring.now());
    DescribePolicy(page, global.site, loaded->benchmark);
    page.Finish();
  });
  return written ? Exit::kDone : Complain(written.error(), Exit::kUsage);
}

}  // namespace

std::function<Exit()> SetupCheckConfig(CLI::App& app, const GlobalOptions& global,
                                       const Wiring& wiring) {
  app.footer(
      "Checks the files that --config, --benchmark, --overrides and --waivers name;\n"
      "without --benchmark the compiled-in one.");
  return [&global, &wiring] { return CheckFiles(global, wiring); };
}

}  // namespace hullmark
