// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/publish.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/file.h"
#include "agent/daemon/recent_events.h"
#include "agent/gateway/documents.h"
#include "agent/sinks/api_sinks.h"
#include "agent/sinks/report_sinks.h"
#include "hullmark/report.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::string_view kNoActions =
    R"({"schema":"hullmark.actions/1","mode":"off","budget_remaining":0,"breaker":null,"actions":[]})"
    "\n";

void AddEvents(const RecentEvents& events, DocumentsWriter& writer) {
  writer.Add(std::string(kEventsPath), DocumentType::kEvents, Compression::kNone,
             [&](const BodySink& sink) {
               for (const RecentEvents::Entry& entry : events.entries()) sink(entry.text);
             });
  std::uint64_t begin = 0;
  for (const RecentEvents::Entry& entry : events.entries()) {
    const std::uint64_t end = begin + entry.text.size();
    writer.AddPart(EventPath(entry.id), DocumentType::kEvents, begin, end);
    begin = end;
  }
}

}  // namespace

Result<Fd> MakeDocuments(const ReportInput& in, std::string_view metrics, std::string_view actions,
                         const RecentEvents& events, const Publication& publication) {
  DocumentsWriter writer;
  writer.Add("/metrics", DocumentType::kMetrics, Compression::kGzip,
             [&](const BodySink& sink) { sink(metrics); });
  const auto add_json = [&](const char* path, auto write) {
    writer.Add(path, DocumentType::kJson, Compression::kGzip,
               [&](const BodySink& sink) { write(in, sink); });
  };
  add_json("/api/v1/containers", WriteContainerList);
  add_json("/api/v1/violations", WriteViolationList);
  writer.Add("/api/v1/actions", DocumentType::kJson, Compression::kGzip,
             [&](const BodySink& sink) { sink(actions.empty() ? kNoActions : actions); });
  writer.Add("/", DocumentType::kHtml, Compression::kGzip,
             [&](const BodySink& sink) { WriteOverviewPage(in, sink); });
  std::vector<ByteRange> places;
  writer.Add("/api/v1/report", DocumentType::kJson, Compression::kGzip,
             [&](const BodySink& sink) { places = WriteJsonReport(in, sink); });
  for (std::size_t i = 0; i < places.size(); ++i) {
    const Container& container = in.snapshot.containers[in.report.containers[i].container];
    const std::string id(in.snapshot.Text(container.id));
    writer.AddPart("/api/v1/containers/" + id, DocumentType::kJson, places[i].begin, places[i].end);
  }
  AddEvents(events, writer);
  return writer.Seal(publication);
}

}  // namespace hullmark
