// SPDX-License-Identifier: Apache-2.0
#include "agent/sinks/control_json.h"

#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "agent/encode/json_writer.h"
#include "agent/sinks/call_json.h"
#include "agent/sinks/values.h"
#include "hullmark/benchmark.h"
#include "hullmark/call_groups.h"
#include "hullmark/caps.h"
#include "hullmark/check.h"
#include "hullmark/glob.h"
#include "hullmark/limits.h"
#include "hullmark/severity.h"

namespace hullmark {
namespace {

void WriteStrings(JsonWriter& json, std::string_view key, const std::vector<std::string>& texts) {
  json.Key(key).BeginArray();
  for (const std::string& text : texts) json.String(text);
  json.EndArray();
}

void WriteReferences(JsonWriter& json, const References& refs) {
  json.Key("refs").BeginObject();
  WriteStrings(json, "cis_docker", refs.cis_docker);
  WriteStrings(json, "cis_k8s", refs.cis_k8s);
  json.Member("pss", refs.pss);
  WriteStrings(json, "nist", refs.nist);
  WriteStrings(json, "attack", refs.attack);
  json.EndObject();
}

void WriteRemediation(JsonWriter& json, const Remediation& fix) {
  json.Key("remediation").BeginObject();
  json.Member("docker", fix.docker).Member("podman", fix.podman).Member("compose", fix.compose);
  json.Member("kubernetes", fix.kubernetes).Member("systemd", fix.systemd);
  if (!fix.host.empty()) json.Member("host", fix.host);
  json.EndObject();
}

std::string ToText(const DeviceRule& rule) {
  const auto number = [](std::optional<std::uint32_t> of) {
    return of ? std::to_string(*of) : std::string("*");
  };
  return fmt::format("{} {}:{} {}{}{}", rule.type, number(rule.major), number(rule.minor),
                     rule.read ? "r" : "", rule.write ? "w" : "", rule.make ? "m" : "");
}

// An item of a list as the benchmark file writes it.
void WriteItem(JsonWriter& json, const std::string& item) { json.String(item); }
void WriteItem(JsonWriter& json, std::int64_t item) { json.Integer(item); }
void WriteItem(JsonWriter& json, const Glob& item) { json.String(item.pattern()); }
void WriteItem(JsonWriter& json, const MountRule& item) {
  json.String(item.path.pattern() + (item.read_only ? " ro" : ""));
}
void WriteItem(JsonWriter& json, const DeviceRule& item) { json.String(ToText(item)); }
void WriteItem(JsonWriter& json, const CallGroup& item) { WriteCallGroup(json, item); }
void WriteItem(JsonWriter& json, const CallFamily& item) { WriteCallFamily(json, item); }

template <typename Item>
void WriteValue(JsonWriter& json, const std::vector<Item>& items) {
  json.BeginArray();
  for (const Item& item : items) WriteItem(json, item);
  json.EndArray();
}
void WriteValue(JsonWriter& json, bool value) { json.Bool(value); }
void WriteValue(JsonWriter& json, std::int64_t value) { json.Integer(value); }
void WriteValue(JsonWriter& json, double value) { json.Fixed(value, 3); }
void WriteValue(JsonWriter& json, CapSet value) { WriteValue(json, NamesOf(value)); }

void WriteValue(JsonWriter& json, Severity value) { json.String(NameOf(value)); }

void WriteParams(JsonWriter& json, const Control& control) {
  json.Key("params").BeginObject();
  if (control.check != nullptr) {
    const auto& values = control.params.values();
    for (std::size_t i = 0; i < values.size() && i < control.check->params.size(); ++i) {
      json.Key(control.check->params[i].name);
      std::visit([&](const auto& value) { WriteValue(json, value); }, values[i]);
    }
  }
  json.EndObject();
}

void WriteEscalation(JsonWriter& json, const std::optional<Escalation>& escalation) {
  json.Key("escalate");
  if (!escalation) {
    json.Null();
    return;
  }
  json.BeginObject().Member("with", escalation->with).Member("on_unknown", escalation->on_unknown);
  json.Member("severity", NameOf(escalation->price.severity));
  json.Member("weight", escalation->price.weight).EndObject();
}

}  // namespace

void WriteControlSummary(JsonWriter& json, const Control& control) {
  json.Member("title", control.title).Member("severity", NameOf(control.severity));
  json.Member("weight", control.weight);
  json.Member("scope", control.check == nullptr ? "" : NameOf(control.check->scope()));
  json.Member("category", control.category);
  WriteReferences(json, control.refs);
  WriteRemediation(json, control.remediation);
}

void WriteControlObject(JsonWriter& json, const Control& control) {
  json.BeginObject().Member("id", control.id);
  WriteControlSummary(json, control);
  json.Member("rationale", control.rationale).Member("reads", control.reads);
  WriteParams(json, control);
  WriteEscalation(json, control.escalation);
  WriteStrings(json, "explains", control.explains);
  json.EndObject();
}

void WriteBenchmarkObject(JsonWriter& json, const Benchmark& benchmark) {
  json.BeginObject().Member("id", benchmark.id).Member("version", benchmark.version);
  json.Member("sha256", benchmark.sha256).Member("title", benchmark.title).EndObject();
}

}  // namespace hullmark
