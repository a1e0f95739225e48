// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

#include "agent/encode/json_writer.h"
#include "agent/sinks/api_sinks.h"
#include "agent/sinks/report_sinks.h"
#include "agent/sinks/score_json.h"
#include "agent/sinks/values.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

void Begin(JsonWriter& json, std::string_view schema, const Snapshot& snapshot) {
  json.BeginObject().Member("schema", schema);
  json.Member("taken_at", ToRfc3339(snapshot.taken_at));
}

void WriteIdentity(JsonWriter& json, const Snapshot& snapshot, const Container& container) {
  json.Member("id", snapshot.Text(container.id)).Member("name", snapshot.Text(container.name));
  json.Member("runtime", NameOf(container.runtime));
  json.Member("class", NameOf(container.container_class)).Key("image");
  container.image ? json.String(snapshot.Text(*container.image)) : json.Null();
  const auto& pod = container.kubernetes;
  json.Member("namespace", pod ? snapshot.Text(pod->name_space) : std::string_view());
  json.Member("pod", pod ? snapshot.Text(pod->pod) : std::string_view());
}

std::uint32_t CountOf(std::span<const Finding> findings, Status status) {
  return static_cast<std::uint32_t>(std::ranges::count(findings, status, &Finding::status));
}

void WriteViolation(JsonWriter& json, const ReportInput& in, const Finding& finding,
                    const Container* container) {
  const Control& control = in.benchmark.controls[finding.control];
  json.BeginObject().Member("control", control.id).Member("title", control.title);
  json.Member("severity", NameOf(finding.severity));
  WritePoints(json, "points", finding.points);
  json.Member("offenders", finding.offenders).Key("evidence");
  if (finding.evidence_begin < finding.evidence_end) {
    const FindingEvidence& line = in.report.evidence[finding.evidence_begin];
    json.BeginObject().Member("source", PathOf(in.snapshot, in.report, line));
    json.Member("fact", in.report.strings[line.fact]).EndObject();
  } else {
    json.Null();
  }
  json.Key("container");
  if (container == nullptr) {
    json.Null();
  } else {
    json.BeginObject();
    WriteIdentity(json, in.snapshot, *container);
    json.EndObject();
  }
  json.EndObject();
}

void WriteViolations(JsonWriter& json, const ReportInput& in, std::span<const Finding> findings,
                     const Container* container) {
  for (const Finding& finding : findings) {
    if (finding.status == Status::kFail) WriteViolation(json, in, finding, container);
  }
}

}  // namespace

void WriteContainerList(const ReportInput& in, const ByteSink& sink) {
  JsonWriter json(sink);
  Begin(json, "hullmark.containers/1", in.snapshot);
  json.Key("containers").BeginArray();
  for (const ContainerReport& judged : in.report.containers) {
    json.BeginObject();
    WriteIdentity(json, in.snapshot, in.snapshot.containers[judged.container]);
    WriteScore(json, judged.score, in.benchmark.scoring);
    json.Member("failing", CountOf(judged.findings, Status::kFail));
    json.Member("unknown", CountOf(judged.findings, Status::kUnknown));
    json.EndObject();
  }
  json.EndArray().EndObject().Finish();
}

void WriteViolationList(const ReportInput& in, const ByteSink& sink) {
  JsonWriter json(sink);
  Begin(json, "hullmark.violations/1", in.snapshot);
  json.Key("violations").BeginArray();
  WriteViolations(json, in, in.report.host.findings, nullptr);
  for (const ContainerReport& judged : in.report.containers) {
    WriteViolations(json, in, judged.findings, &in.snapshot.containers[judged.container]);
  }
  json.EndArray().EndObject().Finish();
}

}  // namespace hullmark
