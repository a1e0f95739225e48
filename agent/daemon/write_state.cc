// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "agent/daemon/exact_json.h"
#include "agent/daemon/saved_state.h"
#include "agent/encode/json_writer.h"
#include "agent/evaluate/known_state.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

// Nanoseconds from `time` to the newest scan: mostly 0. What is larger than any number wraps.
std::int64_t Before(const KnownState& state, Timestamp time) {
  const std::int64_t now = std::to_underlying(state.taken_at.value_or(Timestamp{}));
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(now) -
                                   static_cast<std::uint64_t>(std::to_underlying(time)));
}

// A row of numbers: there are tens of thousands.
void WriteKnown(JsonWriter& json, const KnownState& state, const KnownControl& known) {
  json.BeginArray().Unsigned(known.control);
  json.Unsigned(std::to_underlying(known.standing)).Unsigned(std::to_underlying(known.severity));
  json.Unsigned(std::to_underlying(known.next)).Unsigned(known.scans);
  json.Unsigned(known.stale ? 1 : 0).Unsigned(known.recent ? 1 : 0);
  if (known.failure) {
    const LastFailure& failure = *known.failure;
    json.Integer(Before(state, failure.at)).Unsigned(std::to_underlying(failure.severity));
    json.Integer(failure.points).Unsigned(failure.evidence);
    json.Unsigned(failure.offenders_begin).Unsigned(failure.offenders_end);
  }
  json.EndArray();
}

void WriteSubject(JsonWriter& json, const KnownState& state, const KnownSubject& subject) {
  json.Key("subject").BeginObject().Key("grade");
  if (subject.grade) {
    json.String(NameOf(*subject.grade));
  } else {
    json.Null();
  }
  json.Member("grade_scans", subject.grade_scans).Key("offenders").BeginArray();
  for (const Offender& offender : subject.offenders) {
    json.BeginArray().Integer(std::to_underlying(offender.pid));
    json.Unsigned(std::to_underlying(offender.start)).EndArray();
  }
  json.EndArray().Key("controls").BeginArray();
  for (const KnownControl& known : subject.controls) WriteKnown(json, state, known);
  json.EndArray().EndObject();
}

void WriteTexts(JsonWriter& json, std::string_view key, const auto& texts) {
  json.Key(key).BeginArray();
  for (const std::string& text : texts) WriteExact(json, text);
  json.EndArray();
}

void WriteContainer(JsonWriter& json, const KnownState& state, const KnownContainer& container) {
  json.BeginObject();
  WriteExact(json, "id", container.id);
  json.Key("start");
  if (container.start) {
    json.Unsigned(std::to_underlying(*container.start));
  } else {
    json.Null();
  }
  WriteExact(json, "name", container.name);
  WriteExact(json, "namespace", container.name_space);
  WriteExact(json, "pod", container.pod);
  WriteExact(json, "image", container.image);
  json.Member("runtime", NameOf(container.runtime));
  json.Member("class", NameOf(container.container_class));
  json.Member("waited", container.waited);
  WriteSubject(json, state, container.subject);
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
  WriteExact(json, "boot_id", known.boot_id);
  WriteTexts(json, "controls", known.controls);
  json.Member("judged", std::uint64_t{known.judged});
  WriteTexts(json, "texts", known.texts);
  json.Key("host").BeginObject();
  WriteSubject(json, known, known.host);
  json.EndObject().Key("containers").BeginArray();
  for (const KnownContainer& container : known.containers) WriteContainer(json, known, container);
  json.EndArray().Key("outbox").BeginArray();
  for (const std::string& line : state.outbox) json.String(line);
  json.EndArray().EndObject().Finish();
}

}  // namespace hullmark
