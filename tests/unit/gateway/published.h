// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/gateway/documents.h"

namespace hullmark {

// A small published set: metrics and a report that compress, two containers as parts of the report.
inline std::string MetricsText() {
  std::string text;
  for (int i = 0; i < 200; ++i) text += "hullmark_container_score{container=\"a\"} 1\n";
  return text;
}

inline const std::string kReportText =
    R"({"containers":[{"id":"aaaaaaaaaaaaaaaa"},{"id":"aaaaaaaaaaaabbbb"}]})"
    "\n";

inline Fd MakePublished(std::chrono::nanoseconds made_at = std::chrono::seconds(100),
                        std::chrono::nanoseconds fresh_for = std::chrono::seconds(60)) {
  DocumentsWriter writer;
  writer.Add("/metrics", DocumentType::kMetrics, Compression::kGzip,
             [](const BodySink& sink) { sink(MetricsText()); });
  writer.Add("/", DocumentType::kHtml, Compression::kNone,
             [](const BodySink& sink) { sink("<!doctype html>"); });
  writer.Add("/api/v1/report", DocumentType::kJson, Compression::kGzip,
             [](const BodySink& sink) { sink(kReportText); });
  writer.AddPart("/api/v1/containers/aaaaaaaaaaaaaaaa", DocumentType::kJson, 15, 40);
  writer.AddPart("/api/v1/containers/aaaaaaaaaaaabbbb", DocumentType::kJson, 41, 66);
  return std::move(
      writer.Seal({.sequence = 7, .made_at = made_at, .fresh_for = fresh_for}).value());
}

// A set with the events [first, last], as the inspector lays them out.
inline std::shared_ptr<const Documents> PublishedEvents(std::uint64_t first, std::uint64_t last,
                                                        std::uint64_t life = 0,
                                                        std::uint64_t inherited = 0) {
  std::vector<std::string> texts;
  for (std::uint64_t id = first; id <= last; ++id) {
    texts.push_back("id: " + std::to_string(id) + "\ndata: {\"id\":" + std::to_string(id) +
                    "}\n\n");
  }
  DocumentsWriter writer;
  writer.Add(std::string(kEventsPath), DocumentType::kEvents, Compression::kNone,
             [&](const BodySink& sink) {
               for (const std::string& text : texts) sink(text);
             });
  std::uint64_t begin = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    writer.AddPart(EventPath(first + i), DocumentType::kEvents, begin, begin + texts[i].size());
    begin += texts[i].size();
  }
  return Documents::Open(
             writer.Seal({.last_event = last, .life = life, .inherited_event = inherited}).value())
      .value();
}

inline std::shared_ptr<const Documents> Published() {
  return Documents::Open(MakePublished()).value();
}

}  // namespace hullmark
