// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "agent/daemon/saved_state.h"
#include "agent/encode/json_writer.h"
#include "agent/evaluate/known_state.h"
#include "agent/replay/scalars.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

// Ids are compared after a restart, so that bytes that are no UTF-8 must not change on the way.
void WriteText(JsonWriter& json, std::string_view text) {
  if (IsUtf8(text)) {
    json.String(text);
  } else {
    json.BeginObject().Member("hex", HexOf(text)).EndObject();
  }
}

void WriteText(JsonWriter& json, std::string_view key, std::string_view text) {
  WriteText(json.Key(key), text);
}

void WriteTime(JsonWriter& json, std::string_view key, Timestamp time) {
  json.Member(key, std::to_underlying(time));
}

void WriteFailure(JsonWriter& json, const LastFailure& failure) {
  json.BeginObject();
  WriteTime(json, "at", failure.at);
  json.Member("severity", NameOf(failure.severity)).Member("points", failure.points);
  WriteText(json, "evidence", failure.evidence);
  json.Key("offenders").BeginArray();
  for (const Offender& offender : failure.offenders) {
    json.BeginObject().Member("pid", std::to_underlying(offender.pid));
    json.Member("start", std::to_underlying(offender.start)).EndObject();
  }
  json.EndArray().EndObject();
}

void WriteKnown(JsonWriter& json, std::string_view id, const KnownControl& known) {
  json.BeginObject();
  WriteText(json, "control", id);
  json.Member("standing", static_cast<std::uint32_t>(known.standing));
  json.Member("severity", NameOf(known.severity));
  WriteTime(json, "since", known.since);
  json.Member("next", static_cast<std::uint32_t>(known.next)).Member("scans", known.scans);
  WriteTime(json, "next_since", known.next_since);
  json.Member("stale", known.stale).Member("recent", known.recent).Key("failure");
  if (known.failure) {
    WriteFailure(json, *known.failure);
  } else {
    json.Null();
  }
  json.EndObject();
}

void WriteSubject(JsonWriter& json, const KnownSubject& subject) {
  json.Key("subject").BeginObject().Key("grade");
  if (subject.grade) {
    json.String(NameOf(*subject.grade));
  } else {
    json.Null();
  }
  json.Member("grade_scans", subject.grade_scans).Key("controls").BeginArray();
  for (const auto& [id, known] : subject.controls) WriteKnown(json, id, known);
  json.EndArray().EndObject();
}

void WriteContainer(JsonWriter& json, const KnownContainer& container) {
  json.BeginObject();
  WriteText(json, "id", container.id);
  json.Key("start");
  if (container.start) {
    json.Unsigned(std::to_underlying(*container.start));
  } else {
    json.Null();
  }
  WriteText(json, "name", container.name);
  WriteText(json, "namespace", container.name_space);
  WriteText(json, "pod", container.pod);
  WriteText(json, "image", container.image);
  json.Member("runtime", NameOf(container.runtime));
  json.Member("class", NameOf(container.container_class));
  WriteSubject(json, container.subject);
  json.EndObject();
}

}  // namespace

void WriteState(const SavedState& state, const ByteSink& sink) {
  JsonWriter json(sink);
  const KnownState& known = state.known;
  json.BeginObject().Member("schema", kStateSchema).Member("last_id", known.last_id);
  json.Key("taken_at");
  if (known.taken_at) {
    json.Integer(std::to_underlying(*known.taken_at));
  } else {
    json.Null();
  }
  WriteText(json, "boot_id", known.boot_id);
  json.Key("judged").BeginArray();
  for (const std::string& id : known.judged) WriteText(json, id);
  json.EndArray().Key("host").BeginObject();
  WriteSubject(json, known.host);
  json.EndObject().Key("containers").BeginArray();
  for (const KnownContainer& container : known.containers) WriteContainer(json, container);
  json.EndArray().Key("outbox").BeginArray();
  for (const std::string& line : state.outbox) json.String(line);
  json.EndArray().EndObject().Finish();
}

}  // namespace hullmark
