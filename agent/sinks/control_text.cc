// SPDX-License-Identifier: Apache-2.0
#include "agent/sinks/control_text.h"

#include <fmt/core.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "agent/encode/json_writer.h"
#include "agent/sinks/control_json.h"
#include "agent/sinks/page.h"
#include "agent/sinks/reading.h"
#include "agent/sinks/report_sinks.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"

namespace hullmark {
namespace {

constexpr int kColumns = 80;
constexpr std::size_t kIndent = 14;

// A labelled paragraph; nothing where there is nothing to say.
void WritePart(Page& page, std::string_view label, std::string_view text) {
  if (!text.empty()) page.Prose({.text = label, .indent = kIndent}, text);
}

void WriteRemediations(Page& page, const Remediation& fix) {
  page.Blank();
  page.Heading("How to fix it");
  WritePart(page, "  docker", fix.docker);
  WritePart(page, "  podman", fix.podman);
  WritePart(page, "  compose", fix.compose);
  WritePart(page, "  kubernetes", fix.kubernetes);
  WritePart(page, "  systemd", fix.systemd);
  WritePart(page, "  host", fix.host);
}

void WriteReferenceLines(Page& page, const References& refs) {
  page.Blank();
  page.Heading("Who else speaks of it");
  WritePart(page, "  CIS Docker", JoinTexts(refs.cis_docker));
  WritePart(page, "  CIS K8s", JoinTexts(refs.cis_k8s));
  WritePart(page, "  PSS", refs.pss == "none" ? "" : refs.pss);
  WritePart(page, "  800-190", JoinTexts(refs.nist));
  WritePart(page, "  ATT&CK", JoinTexts(refs.attack));
}

void WriteControlText(Page& page, const Control& control) {
  page.Heading(fmt::format("{} {}", control.id, control.title));
  WritePart(page, "  price", PriceText(control));
  if (control.check != nullptr) WritePart(page, "  judged per", NameOf(control.check->scope()));
  WritePart(page, "  category", control.category);
  page.Blank();
  page.Heading("Why it matters");
  page.Prose({.indent = 2}, control.rationale);
  page.Blank();
  if (!control.disabled.empty()) {
    page.Heading("Switched off by the site's overrides");
    page.Paragraph({.indent = 2}, control.disabled);
    page.Blank();
  }
  page.Heading("What is read");
  page.Prose({.indent = 2}, control.reads);
  WriteRemediations(page, control.remediation);
  WriteReferenceLines(page, control.refs);
  if (control.explains.empty()) return;
  page.Blank();
  page.Heading("What it explains");
  page.Paragraph({.indent = 2}, JoinTexts(control.explains));
}

void WriteListText(Page& page, const Benchmark& benchmark) {
  page.Heading(fmt::format("{} ({} {}), {}", benchmark.title, benchmark.id, benchmark.version,
                           Count(benchmark.controls.size(), "control")));
  std::string_view category;
  for (const Control& control : benchmark.controls) {
    if (control.category != category) {
      category = control.category;
      page.Blank();
      page.Heading(category);
    }
    page.Paragraph({.text = fmt::format("  {:<9}{:<9}{:>4}  ", control.id, NameOf(control.severity),
                                        control.weight),
                    .indent = 26},
                   control.title);
  }
}

}  // namespace

std::string JoinTexts(const std::vector<std::string>& texts) {
  std::string joined;
  for (const std::string& text : texts) joined += (joined.empty() ? "" : ", ") + text;
  return joined;
}

std::string PriceText(const Control& control) {
  std::string text =
      fmt::format("{}, {} points of exposure", NameOf(control.severity), control.weight);
  if (!control.escalation) return text;
  const Escalation& worse = *control.escalation;
  return text +=
         fmt::format("; {}, {} points where {} fails{} too", NameOf(worse.price.severity),
                     worse.price.weight, worse.with, worse.on_unknown ? " or is unknown" : "");
}

void WriteControlList(const Benchmark& benchmark, const ByteSink& sink, bool json) {
  if (!json) {
    Page page(sink, kColumns, false);
    WriteListText(page, benchmark);
    page.Finish();
    return;
  }
  JsonWriter writer(sink, 2);
  writer.BeginObject().Key("benchmark");
  WriteBenchmarkObject(writer, benchmark);
  writer.Key("controls").BeginArray();
  for (const Control& control : benchmark.controls) WriteControlObject(writer, control);
  writer.EndArray().EndObject().Finish();
}

void WriteControl(const Benchmark& benchmark, const Control& control, const ByteSink& sink,
                  bool json) {
  if (!json) {
    Page page(sink, kColumns, false);
    WriteControlText(page, control);
    page.Finish();
    return;
  }
  JsonWriter writer(sink, 2);
  writer.BeginObject().Key("benchmark");
  WriteBenchmarkObject(writer, benchmark);
  writer.Key("control");
  WriteControlObject(writer, control);
  writer.EndObject().Finish();
}

}  // namespace hullmark
