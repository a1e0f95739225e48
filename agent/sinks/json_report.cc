// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "agent/encode/json_writer.h"
#include "agent/sinks/control_json.h"
#include "agent/sinks/news.h"
#include "agent/sinks/report_sinks.h"
#include "agent/sinks/score_json.h"
#include "agent/sinks/selector_json.h"
#include "agent/sinks/values.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/posture.h"
#include "hullmark/report.h"
#include "hullmark/result.h"
#include "hullmark/selector.h"
#include "hullmark/snapshot.h"
#include "hullmark/waiver.h"

namespace hullmark {
namespace {

constexpr std::string_view kToolName = "hullmark";

void WriteTexts(JsonWriter& json, std::string_view key, std::span<const std::string> texts) {
  json.Key(key).BeginArray();
  for (const std::string& text : texts) json.String(text);
  json.EndArray();
}

void WriteOptional(JsonWriter& json, std::string_view key, std::optional<std::string_view> text) {
  json.Key(key);
  text ? json.String(*text) : json.Null();
}

void WriteOverrides(JsonWriter& json, const Benchmark& benchmark) {
  json.Key("overrides").BeginArray();
  for (const Override& change : benchmark.overrides) {
    json.BeginObject();
    if (!change.control.empty()) json.Member("control", change.control);
    json.Member("what", change.what);
    if (!change.from.empty()) json.Member("from", change.from);
    json.Member("to", change.to);
    if (!change.reason.empty()) json.Member("reason", change.reason);
    json.Member("source", change.source).EndObject();
  }
  json.EndArray();
}

// What a waiver says of itself; inside an object.
void WriteWaiverWords(JsonWriter& json, const Waiver& waiver) {
  json.Member("reason", waiver.reason).Member("owner", waiver.owner);
  json.Member("expires", ToRfc3339(waiver.expires));
  if (!waiver.ticket.empty()) json.Member("ticket", waiver.ticket);
  json.Member("source", waiver.source);
}

void WriteWaivers(JsonWriter& json, const ReportInput& in) {
  json.Key("waivers").BeginArray();
  for (std::size_t i = 0; i < in.report.waivers.size(); ++i) {
    const WaiverUse& use = in.report.waivers[i];
    json.BeginObject().Member("control", in.waivers[i].control.pattern());
    WriteWaiverWords(json, in.waivers[i]);
    json.Member("state", NameOf(use.state)).Member("findings", use.findings).EndObject();
  }
  json.EndArray();
}

// The earlier report that is accepted, and what is new; nothing without one.
void WriteBaseline(JsonWriter& json, const ReportInput& in) {
  if (in.news == nullptr) return;
  const auto& [comparison, findings, containers, resolved, gone] = *in.news;
  const Posture& before = comparison.before;
  json.Key("baseline").BeginObject().Member("taken_at", before.taken_at);
  json.Member("host", before.host).Key("benchmark").BeginObject();
  json.Member("id", before.benchmark).Member("version", before.benchmark_version);
  json.Member("sha256", before.benchmark_sha256).EndObject();
  json.Key("caveats").BeginArray();
  for (const std::string& caveat : CaveatsOf(comparison)) json.String(caveat);
  json.EndArray().Member("new_violations", std::uint64_t{findings.size()});
  json.Member("new_containers", std::uint64_t{containers.size()});
  json.Member("resolved", std::uint64_t{resolved}).Member("gone", std::uint64_t{gone}).EndObject();
}

void WriteHead(JsonWriter& json, const ReportInput& in) {
  json.Member("schema", kReportSchema);
  json.Member("generated_at", ToRfc3339(in.options.generated_at));
  json.Member("taken_at", ToRfc3339(in.snapshot.taken_at));
  json.Key("tool").BeginObject().Member("name", kToolName);
  json.Member("version", in.options.tool_version).EndObject();
  json.Key("benchmark");
  WriteBenchmarkObject(json, in.benchmark);
  WriteOverrides(json, in.benchmark);
  WriteWaivers(json, in);
  json.Key("options").BeginObject();
  WriteTexts(json, "select", in.options.select);
  json.Key("class").BeginArray();
  for (const ContainerClass each : in.options.classes) json.String(NameOf(each));
  json.EndArray();
  if (!IsEmpty(in.options.site)) {
    json.Key("site_select");
    WriteSelector(json, in.options.site);
  }
  json.Member("at", ToRfc3339(in.report.judged_at)).EndObject();
  WriteBaseline(json, in);
}

void WriteVantage(JsonWriter& json, const Vantage& vantage) {
  json.Key("vantage").BeginObject();
  json.Member("uid", std::to_underlying(vantage.uid));
  WriteTexts(json, "capabilities", NamesOf(vantage.capabilities));
  json.Member("host_namespaces", vantage.host_namespaces).Member("hidepid", vantage.hidepid);
  json.Member("source", NameOf(vantage.source));
  if (!vantage.source_reason.empty()) json.Member("source_reason", vantage.source_reason);
  json.Key("problems").BeginArray();
  for (const VantageProblem& problem : vantage.problems) {
    json.BeginObject().Member("id", problem.id).Member("text", problem.text);
    json.Member("remedy", problem.remedy).EndObject();
  }
  json.EndArray().EndObject();
}

void WriteControls(JsonWriter& json, const Benchmark& benchmark) {
  json.Key("controls").BeginObject();
  for (const Control& control : benchmark.controls) {
    json.Key(control.id).BeginObject();
    WriteControlSummary(json, control);
    json.EndObject();
  }
  json.EndObject();
}

void WriteEvidence(JsonWriter& json, const ReportInput& in, const FindingEvidence& line) {
  json.BeginObject();
  if (line.pid) json.Member("pid", std::to_underlying(*line.pid));
  if (line.tid) json.Member("tid", std::to_underlying(*line.tid));
  json.Member("source", PathOf(in.snapshot, in.report, line))
      .Member("fact", in.report.strings[line.fact]);
  if (line.error_number != 0) json.Member("errno", line.error_number);
  json.EndObject();
}

// Pass and not_applicable with nothing to add are their id and status alone.
bool IsPlain(const Report& report, const Finding& finding) {
  const bool quiet = finding.status == Status::kPass || finding.status == Status::kNotApplicable;
  return quiet && report.strings[finding.note].empty() &&
         finding.evidence_begin == finding.evidence_end;
}

void WriteFinding(JsonWriter& json, const ReportInput& in, const Finding& finding) {
  json.BeginObject().Member("id", in.benchmark.controls[finding.control].id);
  json.Member("status", NameOf(finding.status));
  if (!IsPlain(in.report, finding)) {
    json.Member("severity", NameOf(finding.severity));
    if (in.news != nullptr && in.news->findings.contains(&finding)) json.Member("new", true);
    WritePoints(json, "points", finding.points);
    json.Member("offenders", finding.offenders).Key("evidence").BeginArray();
    for (std::uint32_t i = finding.evidence_begin; i < finding.evidence_end; ++i) {
      WriteEvidence(json, in, in.report.evidence[i]);
    }
    json.EndArray();
    const std::string_view note = in.report.strings[finding.note];
    if (!note.empty()) json.Member("note", note);
    if (finding.waiver) {
      json.Key("waiver").BeginObject();
      WriteWaiverWords(json, in.waivers[*finding.waiver]);
      json.EndObject();
    }
  }
  json.EndObject();
}

void WriteFindings(JsonWriter& json, const ReportInput& in, std::span<const Finding> findings) {
  json.Key("findings").BeginArray();
  for (const Finding& finding : findings) WriteFinding(json, in, finding);
  json.EndArray();
}

void WriteHost(JsonWriter& json, const ReportInput& in) {
  const Host& host = in.snapshot.host;
  json.Key("host").BeginObject().Member("name", host.name).Member("kernel", host.kernel);
  json.Member("boot_id", host.boot_id);
  std::optional<std::string_view> layout;
  if (host.cgroup_layout) layout = NameOf(*host.cgroup_layout);
  WriteOptional(json, "cgroup", layout);
  if (host.lsm) {
    WriteTexts(json, "lsm", *host.lsm);
  } else {
    json.Key("lsm").Null();
  }
  WriteScore(json, in.report.host.score, in.benchmark.scoring);
  WriteFindings(json, in, in.report.host.findings);
  json.EndObject();
}

void WriteIoLimit(JsonWriter& json, const IoLimit& limit) {
  const auto member = [&](std::string_view key, const Limit& value) {
    json.Key(key);
    value ? json.Unsigned(*value) : json.Null();
  };
  json.BeginObject().Member(
      "device", std::to_string(limit.device.major) + ':' + std::to_string(limit.device.minor));
  member("rbps", limit.read_bytes);
  member("wbps", limit.write_bytes);
  member("riops", limit.read_operations);
  member("wiops", limit.write_operations);
  json.EndObject();
}

struct LimitValueWriter {
  JsonWriter& json;

  void operator()(std::monostate) const { json.Null(); }
  void operator()(Fault) const { json.Null(); }
  void operator()(std::uint64_t value) const { json.Unsigned(value); }
  void operator()(double value) const { json.Fixed(value, 4); }
  void operator()(bool value) const { json.Bool(value); }
  void operator()(std::string_view value) const { json.String(value); }
  void operator()(const std::vector<IoLimit>* value) const {
    json.BeginArray();
    for (const IoLimit& limit : *value) WriteIoLimit(json, limit);
    json.EndArray();
  }
};

void WriteLimits(JsonWriter& json, const Snapshot& snapshot, const Container& container) {
  json.Key("limits").BeginObject();
  for (const LimitRow& row : LimitsOf(snapshot, container)) {
    json.Key(row.name).BeginObject().Key("value");
    std::visit(LimitValueWriter{json}, row.value);
    json.Key("source");
    row.source.empty() ? json.Null() : json.String(row.source);
    if (const Fault* fault = std::get_if<Fault>(&row.value)) {
      json.Member("error", NameOf(fault->code));
      if (fault->error_number != 0) json.Member("errno", std::int32_t{fault->error_number});
    }
    json.EndObject();
  }
  json.EndObject();
}

void WriteClaims(JsonWriter& json, const Snapshot& snapshot, const Container& container) {
  json.Key("claims");
  if (container.claims) {
    json.BeginObject().Member("source", snapshot.Text(container.claims->source));
    json.Member("trust", container.claims->trust == Trust::kRoot ? "root" : "user").EndObject();
  } else {
    json.Null();
  }
  WriteOptional(json, "image",
                container.image.transform([&](StringId id) { return snapshot.Text(id); }));
  json.Key("kubernetes");
  if (const auto& claims = container.kubernetes) {
    json.BeginObject().Member("namespace", snapshot.Text(claims->name_space));
    json.Member("pod", snapshot.Text(claims->pod))
        .Member("pod_uid", snapshot.Text(claims->pod_uid));
    json.Member("container", snapshot.Text(claims->container)).EndObject();
  } else {
    json.Null();
  }
  json.Key("compose");
  if (const auto& claims = container.compose) {
    json.BeginObject().Member("project", snapshot.Text(claims->project));
    json.Member("service", snapshot.Text(claims->service)).EndObject();
  } else {
    json.Null();
  }
}

void WriteCgroup(JsonWriter& json, const Snapshot& snapshot, const Container& container) {
  json.Key("cgroup");
  if (!container.cgroup) {
    json.Null();
    return;
  }
  const Cgroup& cgroup = snapshot.At(*container.cgroup);
  json.BeginObject().Member("path", snapshot.Text(cgroup.path)).Key("id");
  cgroup.inode ? json.Unsigned(*cgroup.inode) : json.Null();
  json.EndObject();
}

void WriteContainer(JsonWriter& json, const ReportInput& in, const ContainerReport& judged) {
  const Snapshot& snapshot = in.snapshot;
  const Container& container = snapshot.containers[judged.container];
  json.BeginObject().Member("id", snapshot.Text(container.id));
  json.Member("name", snapshot.Text(container.name));
  if (in.news != nullptr && in.news->containers.contains(&judged)) json.Member("new", true);
  json.Member("runtime", NameOf(container.runtime));
  json.Member("class", NameOf(container.container_class));
  WriteClaims(json, snapshot, container);
  WriteCgroup(json, snapshot, container);
  json.Key("init_pid");
  container.init ? json.Integer(std::to_underlying(snapshot.At(*container.init).pid)) : json.Null();
  json.Key("started_at");
  const auto started = StartOf(snapshot, container);
  started ? json.String(ToRfc3339(*started)) : json.Null();
  json.Member("process_count", judged.processes).Member("thread_count", judged.threads);
  WriteScore(json, judged.score, in.benchmark.scoring);
  WriteLimits(json, snapshot, container);
  WriteFindings(json, in, judged.findings);
  if (!container.notes.empty()) {
    json.Key("notes").BeginArray();
    for (const StringId note : container.notes) json.String(snapshot.Text(note));
    json.EndArray();
  }
  json.EndObject();
}

// One member per enumerator, so that a consumer finds a 0 where there is none.
template <typename Enum, std::size_t Size>
void WriteCounts(JsonWriter& json, std::string_view key,
                 const std::array<std::uint32_t, Size>& counts) {
  json.Key(key).BeginObject();
  for (std::size_t i = 0; i < Size; ++i) json.Member(NameOf(static_cast<Enum>(i)), counts[i]);
}

void WriteSummary(JsonWriter& json, const ReportInput& in) {
  const Summary& summary = in.report.summary;
  json.Key("summary").BeginObject().Member("containers", summary.containers);
  WriteCounts<ContainerClass>(json, "by_class", summary.by_class);
  json.EndObject();
  WriteCounts<Grade>(json, "by_grade", summary.by_grade);
  json.Member("none", summary.without_grade).EndObject();
  WriteCounts<Status>(json, "by_status", summary.by_status);
  json.EndObject();
  WriteCounts<Severity>(json, "by_severity", summary.by_severity);
  json.EndObject().Key("worst");
  if (summary.worst) {
    const ContainerReport& worst = in.report.containers[*summary.worst];
    const Container& container = in.snapshot.containers[worst.container];
    json.BeginObject().Member("name", CallName(in.snapshot, container));
    WritePoints(json, "exposure", worst.score.exposure);
    json.EndObject();
  } else {
    json.Null();
  }
  const Score whole = {.weight_known = summary.weight_known,
                       .weight_applicable = summary.weight_applicable};
  json.Key("coverage").Fixed(whole.coverage(), 4).EndObject();
}

}  // namespace

std::vector<ByteRange> WriteJsonReport(const ReportInput& in, const ByteSink& sink) {
  std::vector<ByteRange> places;
  JsonWriter json(sink);
  json.BeginObject();
  WriteHead(json, in);
  WriteVantage(json, in.snapshot.vantage);
  WriteControls(json, in.benchmark);
  WriteHost(json, in);
  json.Key("containers").BeginArray();
  for (const ContainerReport& judged : in.report.containers) {
    const std::uint64_t comma = places.empty() ? 0 : 1;
    const std::uint64_t begin = json.position() + comma;
    WriteContainer(json, in, judged);
    places.push_back({.begin = begin, .end = json.position()});
  }
  json.EndArray();
  WriteSummary(json, in);
  json.EndObject().Finish();
  return places;
}

}  // namespace hullmark
