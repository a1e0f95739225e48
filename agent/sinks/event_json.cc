// SPDX-License-Identifier: Apache-2.0
#include "agent/sinks/event_json.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "agent/encode/json_writer.h"
#include "agent/sinks/score_json.h"
#include "agent/sinks/values.h"
#include "hullmark/action.h"
#include "hullmark/check.h"
#include "hullmark/event.h"
#include "hullmark/policy.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::string_view kBegin = R"({"id":)";
constexpr std::uint64_t kMostId = std::uint64_t{1} << 53;  // What every reader of JSON can hold.

void WriteGrade(JsonWriter& json, std::string_view key, std::optional<Grade> grade) {
  json.Key(key);
  if (grade) {
    json.String(NameOf(*grade));
  } else {
    json.Null();
  }
}

void WriteContainer(JsonWriter& json, const Event& event) {
  json.Key("container");
  if (event.container_id.empty()) {
    json.Null();
    return;
  }
  json.BeginObject().Member("id", event.container_id).Member("name", event.name);
  json.Member("runtime", NameOf(event.runtime)).Member("class", NameOf(event.container_class));
  json.Member("image", event.image).Member("namespace", event.name_space);
  json.Member("pod", event.pod).EndObject();
}

void WriteControl(JsonWriter& json, const Event& event) {
  if (event.control.empty()) return;
  json.Key("control").BeginObject();
  json.Member("id", event.control).Member("title", event.title).EndObject();
  if (event.severity) json.Member("severity", NameOf(*event.severity));
  if (event.former_severity) json.Member("former_severity", NameOf(*event.former_severity));
  json.Member("evidence", event.evidence);
}

void WriteAction(JsonWriter& json, const Event& event) {
  if (!event.action) return;
  const EventAction& action = *event.action;
  json.Key("action").BeginObject().Member("rule", action.rule).Member("kind", NameOf(action.kind));
  json.Member("dry_run", action.dry_run).Member("result", NameOf(action.outcome.result));
  json.Member("text", action.outcome.text).EndObject();
}

}  // namespace

void WriteEventObject(JsonWriter& json, const Event& event) {
  json.BeginObject().Member("id", event.id).Member("schema", kEventSchema);
  json.Member("at", ToRfc3339(event.at)).Member("kind", NameOf(event.kind));
  WriteContainer(json, event);
  WriteControl(json, event);
  WriteAction(json, event);
  WritePoints(json, "exposure", event.exposure);
  WriteGrade(json, "grade", event.grade);
  if (event.kind == EventKind::kGradeChanged) WriteGrade(json, "former_grade", event.former_grade);
  json.EndObject();
}

void WriteEvent(const Event& event, const ByteSink& sink) {
  JsonWriter json(sink);
  WriteEventObject(json, event);
  json.Finish();
}

std::string EventLine(const Event& event) {
  std::string line;
  WriteEvent(event, [&](std::string_view bytes) { line += bytes; });
  return line;
}

std::optional<std::uint64_t> IdOfEventLine(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  const auto is_control = [](char byte) { return static_cast<unsigned char>(byte) < ' '; };
  if (!line.starts_with(kBegin) || !line.ends_with('}') || std::ranges::any_of(line, is_control)) {
    return std::nullopt;
  }
  line.remove_prefix(kBegin.size());
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), id);
  if (error != std::errc() || *end != ',' || id == 0 || id > kMostId) return std::nullopt;
  return id;
}

}  // namespace hullmark
