// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/encode/json_writer.h"
#include "agent/encode/text.h"
#include "agent/sinks/api_sinks.h"
#include "agent/sinks/reading.h"
#include "agent/sinks/report_sinks.h"
#include "agent/sinks/values.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::size_t kWorst = 20;
constexpr std::size_t kNameBytes = 80;

constexpr std::string_view kHead =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>hullmark</title>\n"
    "<style>body{font:16px/1.5 sans-serif;margin:2em auto;max-width:60em;padding:0 1em}"
    "table{border-collapse:collapse}td,th{padding:.2em 1em .2em 0;text-align:left}"
    "td.n{text-align:right}</style></head><body>\n";

// Printable text for an element or an attribute in double quotes.
std::string Html(std::string_view text) {
  std::string escaped;
  for (const char byte : Printable(text)) {
    switch (byte) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += byte;
    }
  }
  return escaped;
}

bool IsUnreserved(char byte) {
  return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
         (byte >= 'A' && byte <= 'Z') || byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

// A segment of a URL path, see RFC 3986.
std::string PathSegment(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string segment;
  for (const char byte : text) {
    const auto value = static_cast<unsigned char>(byte);
    if (IsUnreserved(byte)) {
      segment += byte;
    } else {
      segment += {'%', kHex[value >> 4], kHex[value & 0xF]};
    }
  }
  return segment;
}

std::string Row(const ReportInput& in, const ContainerReport& judged) {
  const Container& container = in.snapshot.containers[judged.container];
  const auto fails = std::ranges::count(judged.findings, Status::kFail, &Finding::status);
  return "<tr><td><a href=\"/api/v1/containers/" + PathSegment(in.snapshot.Text(container.id)) +
         "\">" + Html(PrintableShort(CallName(in.snapshot, container), kNameBytes)) +
         "</a></td><td>" + std::string(NameOf(container.runtime)) + "</td><td>" +
         std::string(GradeText(judged.score)) + "</td><td class=\"n\">" +
         ScoreText(judged.score, in.benchmark.scoring) + "</td><td class=\"n\">" +
         std::to_string(fails) + "</td></tr>\n";
}

std::string Summarised(const ReportInput& in) {
  const Summary& summary = in.report.summary;
  std::string text = "<h1>hullmark on " + Html(in.snapshot.host.name) + "</h1>\n<p>Looked at " +
                     ToRfc3339(in.snapshot.taken_at) + ". " +
                     Count(summary.containers, "container") + "; grades:";
  for (int grade = 0; grade < kGrades; ++grade) {
    text += " " + std::string(NameOf(static_cast<Grade>(grade))) + "&nbsp;" +
            std::to_string(summary.by_grade[static_cast<std::size_t>(grade)]);
  }
  text += ", none&nbsp;" + std::to_string(summary.without_grade) + ". The host: score " +
          ScoreText(in.report.host.score, in.benchmark.scoring) + ", grade " +
          std::string(GradeText(in.report.host.score)) + ".</p>\n";
  for (const VantageProblem& problem : in.snapshot.vantage.problems) {
    text += "<p><strong>Not the whole picture:</strong> " + Html(problem.text) + "</p>\n";
  }
  return text;
}

// The costliest containers, the report's order among equals.
std::vector<const ContainerReport*> WorstOf(const Report& report) {
  std::vector<const ContainerReport*> worst;
  for (const ContainerReport& judged : report.containers) worst.push_back(&judged);
  std::ranges::stable_sort(worst, std::ranges::greater{},
                           [](const ContainerReport* judged) { return judged->score.exposure; });
  worst.resize(std::min(worst.size(), kWorst));
  return worst;
}

}  // namespace

void WriteOverviewPage(const ReportInput& in, const ByteSink& sink) {
  std::string page(kHead);
  page += Summarised(in);
  const auto worst = WorstOf(in.report);
  if (!worst.empty()) {
    page +=
        "<h2>Most exposed</h2>\n<table><tr><th>container</th><th>runtime</th><th>grade</th>"
        "<th>score</th><th>failing</th></tr>\n";
    for (const ContainerReport* judged : worst) page += Row(in, *judged);
    page += "</table>\n";
  }
  constexpr std::array<std::string_view, 6> kLinks = {"/api/v1/report?format=json",
                                                      "/api/v1/containers",
                                                      "/api/v1/violations",
                                                      "/metrics",
                                                      "/healthz",
                                                      "/readyz"};
  page += "<h2>For programs</h2>\n<ul>";
  for (const std::string_view link : kLinks) {
    page += "<li><a href=\"" + std::string(link) + "\">" + std::string(link) + "</a></li>";
  }
  page += "</ul>\n</body></html>\n";
  sink(page);
}

}  // namespace hullmark
