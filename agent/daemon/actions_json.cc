// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/actions_json.h"

#include <cstdint>
#include <ranges>
#include <string>
#include <string_view>

#include "agent/encode/json_writer.h"
#include "agent/enforce/action_book.h"
#include "agent/enforce/limit_change.h"
#include "agent/sinks/values.h"
#include "hullmark/action.h"
#include "hullmark/check.h"
#include "hullmark/policy.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

void WriteContainer(JsonWriter& json, const ActionTarget& target) {
  json.Key("container").BeginObject();
  json.Member("id", target.life.id).Member("name", target.name);
  json.Member("runtime", NameOf(target.runtime)).Member("class", NameOf(target.container_class));
  json.Member("image", target.image).Member("namespace", target.name_space);
  json.Member("pod", target.pod).EndObject().Key("pid");
  if (target.process) {
    json.Integer(static_cast<std::int64_t>(*target.process));
  } else {
    json.Null();
  }
}

void WriteChanges(JsonWriter& json, const BookedAction& booked) {
  json.Key("changes").BeginArray();
  for (const LimitChange& change : booked.changes) {
    json.BeginObject().Member("file", change.place.directory + "/" + change.file);
    json.Member("device", change.device).Member("former", change.former);
    json.Member("value", change.value).EndObject();
  }
  json.EndArray();
}

void WriteEnd(JsonWriter& json, const BookedAction& booked) {
  json.Key("result");
  if (booked.outcome) {
    json.String(NameOf(booked.outcome->result)).Member("text", booked.outcome->text);
  } else {
    json.Null().Member("text", "whoever began it has died");
  }
  json.Member("active", booked.is_held()).Key("undone");
  if (!booked.undone) {
    json.Null();
    return;
  }
  json.BeginObject().Member("at", ToRfc3339(booked.undone_at.at));
  json.Member("why", booked.why_undone).Member("text", booked.undone->text).EndObject();
}

void WriteOne(JsonWriter& json, std::uint64_t id, const BookedAction& booked) {
  const Action& action = booked.action;
  json.BeginObject().Member("id", id).Member("at", ToRfc3339(booked.began.at));
  json.Member("rule", action.rule).Member("step", std::uint64_t{action.step_number});
  json.Member("action", NameOf(action.step.kind)).Member("dry_run", action.dry_run);
  json.Member("control", action.control).Member("severity", NameOf(action.severity));
  json.Member("evidence", action.evidence);
  WriteContainer(json, action.target);
  WriteChanges(json, booked);
  WriteEnd(json, booked);
  json.EndObject();
}

}  // namespace

std::string ActionsDocument(const EnforcementLine& line, const ActionBook& book) {
  std::string text;
  JsonWriter json([&](std::string_view bytes) { text += bytes; });
  json.BeginObject().Member("schema", "hullmark.actions/1").Member("mode", NameOf(line.mode));
  json.Member("budget_remaining", line.budget_remaining).Key("breaker");
  if (line.breaker.empty()) {
    json.Null();
  } else {
    json.String(line.breaker);
  }
  json.Key("actions").BeginArray();
  for (const auto& [id, booked] : book.actions() | std::views::reverse) WriteOne(json, id, booked);
  json.EndArray().EndObject().Finish();
  return text;
}

}  // namespace hullmark
