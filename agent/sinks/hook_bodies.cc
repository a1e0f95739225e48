// SPDX-License-Identifier: Apache-2.0
#include "agent/sinks/hook_bodies.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "agent/encode/json_writer.h"
#include "agent/sinks/event_json.h"
#include "agent/sinks/values.h"
#include "hullmark/check.h"
#include "hullmark/event.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::size_t kShortId = 12;

// As a part of a URI, see RFC 3986.
std::string Escaped(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string escaped;
  for (const char byte : text) {
    const auto code = static_cast<unsigned char>(byte);
    const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                       (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_';
    if (plain) {
      escaped += byte;
    } else {
      escaped += '%';
      escaped += kHex[code >> 4U];
      escaped += kHex[code & 0xFU];
    }
  }
  return escaped;
}

std::string WithoutEnd(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

Timestamp DaysAfter(Timestamp time, int days) {
  constexpr std::int64_t kDay = std::int64_t{24} * 3600 * 1'000'000'000;
  return Timestamp{std::to_underlying(time) + days * kDay};
}

// Alertmanager takes alerts of the same labels for one; empty labels are none to it.
void WriteLabels(JsonWriter& json, const Event& event, std::string_view host, Severity severity) {
  const bool of_container = !event.container_id.empty();
  const auto label = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) json.Member(name, value);
  };
  json.Key("labels").BeginObject();
  label("alertname", "HullmarkViolation");
  label("control", event.control);
  label("severity", NameOf(severity));
  label("host", host);
  if (of_container) {
    label("container", event.name);
    label("container_id", std::string_view(event.container_id).substr(0, kShortId));
    label("namespace", event.name_space);
    label("pod", event.pod);
    label("runtime", NameOf(event.runtime));
  }
  json.EndObject();
}

void WriteAlert(JsonWriter& json, const Event& event, std::string_view host, Severity severity,
                bool firing) {
  const std::string whose = event.container_id.empty() ? "the host"
                            : event.name.empty()       ? event.container_id.substr(0, kShortId)
                                                       : event.name;
  json.BeginObject();
  WriteLabels(json, event, host, severity);
  json.Key("annotations").BeginObject();
  json.Member("summary", event.control + " on " + whose + ": " + event.title);
  json.Member("description", event.evidence).EndObject();
  json.Member("startsAt", ToRfc3339(event.at));
  json.Member("endsAt", ToRfc3339(firing ? DaysAfter(event.at, kAlertDays) : event.at));
  json.EndObject();
}

}  // namespace

std::string CloudEvent(const Event& event, std::string_view host, std::string_view key) {
  std::string text;
  JsonWriter json([&](std::string_view bytes) { text += bytes; });
  json.BeginObject().Member("specversion", "1.0").Member("id", key);
  json.Member("source", "/hullmark/" + Escaped(host));
  json.Member("type", "hullmark." + std::string(NameOf(event.kind)));
  if (!event.container_id.empty()) json.Member("subject", event.container_id);
  json.Member("time", ToRfc3339(event.at)).Member("datacontenttype", "application/json");
  json.Key("data");
  WriteEventObject(json, event);
  json.EndObject().Finish();
  return WithoutEnd(std::move(text));
}

std::string Alerts(const Event& event, std::string_view host) {
  const bool changed = event.kind == EventKind::kViolationChanged;
  const bool firing = changed || event.kind == EventKind::kViolationAppeared;
  if (!event.severity || (!firing && event.kind != EventKind::kViolationResolved)) return "";
  std::string text;
  JsonWriter json([&](std::string_view bytes) { text += bytes; });
  json.BeginArray();
  if (changed && event.former_severity) {
    WriteAlert(json, event, host, *event.former_severity, false);
  }
  WriteAlert(json, event, host, *event.severity, firing);
  json.EndArray().Finish();
  return WithoutEnd(std::move(text));
}

}  // namespace hullmark
