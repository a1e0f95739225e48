// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/encode/json_writer.h"
#include "hullmark/benchmark.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"
#include "hullmark/selector.h"
#include "hullmark/snapshot.h"
#include "hullmark/waiver.h"

namespace hullmark {

inline constexpr std::string_view kReportSchema = "hullmark.report/1";

// How a report is written, and what a reader of it has to know about how it was asked for.
struct ReportOptions {
  Timestamp generated_at{};
  std::string tool_version;
  std::string command = "hullmark";  // The program as the caller typed it, for hints.
  std::vector<std::string> select;   // Of --select, as typed; empty: every container.
  Selector site{};                   // The configuration's `select`.
  std::vector<ContainerClass> classes;
  Selector infrastructure = {.name_space = {Glob("kube-system")}};  // Text: a section of its own.
  bool verbose = false;  // Text: nothing is folded, and what passes is listed too.
  bool color = false;    // Text: SGR escapes of our own; nothing else ever moves a terminal.
  int columns = 80;      // Text: width to wrap at; at least 40 is used.
};

struct News;

// A finished Report with what it refers to. Borrowed: everything outlives the call that gets it.
struct ReportInput {
  const Snapshot& snapshot;
  const Benchmark& benchmark;
  const Report& report;
  const ReportOptions& options;
  std::span<const Waiver> waivers = {};  // That the Report was made with.
  const News* news = nullptr;            // Where an earlier report is accepted: what is new.
};

// Bytes [begin, end) of a document.
struct ByteRange {
  std::uint64_t begin = 0, end = 0;
};

// One JSON document of schema hullmark.report/1, see docs/schema/report-1.schema.json. On the same
// input only generated_at and tool differ between two runs. Returns where the object of each
// container stands, in the order of Report::containers.
std::vector<ByteRange> WriteJsonReport(const ReportInput& input, const ByteSink& sink);

// For people: one screen that says what to do today, then the details of every container. Texts of
// containers are escaped; the rest is ASCII.
void WriteTextReport(const ReportInput& input, const ByteSink& sink);

// The same findings in the order of the CIS Docker items, each with the containers concerned.
void WriteCisReport(const ReportInput& input, const ByteSink& sink);

// The controls of a benchmark, a line each; as JSON everything that the benchmark says of them.
void WriteControlList(const Benchmark& benchmark, const ByteSink& sink, bool json);

// All that the benchmark says of its controls, as a Markdown page: docs/checks.md.
void WriteControlMarkdown(const Benchmark& benchmark, const ByteSink& sink);

// All metrics, as a Markdown page: docs/metrics.md.
void WriteMetricMarkdown(const ByteSink& sink);

// One control: why it matters, what is read, how to fix a violation, who else speaks of it.
void WriteControl(const Benchmark& benchmark, const Control& control, const ByteSink& sink,
                  bool json);

}  // namespace hullmark
