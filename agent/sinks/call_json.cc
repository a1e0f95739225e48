// SPDX-License-Identifier: Apache-2.0
#include "agent/sinks/call_json.h"

#include <string>
#include <string_view>
#include <vector>

#include "agent/encode/json_writer.h"
#include "agent/sinks/values.h"
#include "hullmark/call_groups.h"
#include "hullmark/severity.h"

namespace hullmark {
namespace {

void WriteUses(JsonWriter& json, std::string_view key, const std::vector<CallUse>& uses) {
  json.Key(key).BeginArray();
  for (const CallUse& use : uses) json.String(use.text);
  json.EndArray();
}

void WriteNeeds(JsonWriter& json, const CallNeeds& needs) {
  json.Key("needs").BeginArray();
  for (const std::string& name : NamesOf(needs.any)) json.String(name);
  json.EndArray().Member("user_namespace", needs.user_namespace);
}

}  // namespace

void WriteCallGroup(JsonWriter& json, const CallGroup& group) {
  json.BeginObject().Member("name", group.name).Member("level", NameOf(group.level));
  json.Member("reason", group.reason);
  WriteNeeds(json, group.needs);
  json.Key("off").BeginArray();
  for (const SwitchedOff& one : group.off) {
    json.String(one.setting + " = " + std::to_string(one.value));
  }
  json.EndArray();
  WriteUses(json, "calls", group.calls);
  json.EndObject();
}

void WriteCallFamily(JsonWriter& json, const CallFamily& family) {
  json.BeginObject().Member("name", family.name).Member("level", NameOf(family.level));
  WriteNeeds(json, family.needs);
  json.Member("io_uring", family.io_uring);
  WriteUses(json, "calls", family.calls);
  WriteUses(json, "newer", family.newer);
  json.EndObject();
}

}  // namespace hullmark
