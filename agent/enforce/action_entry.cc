// SPDX-License-Identifier: Apache-2.0
#include "agent/enforce/action_entry.h"

#include <sys/types.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "agent/encode/json_writer.h"
#include "agent/enforce/limit_change.h"
#include "agent/replay/json_tree.h"
#include "hullmark/action.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/policy.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::array<std::string_view, 7> kKinds = {
    "intended", "change", "result", "undone", "breaker", "breaker_reset", "follow_up"};

// The kernel's own kill knows SIGKILL alone.
bool Signals(ActionKind kind) { return IsKill(kind) && kind != ActionKind::kKillAtExec; }

void WriteTarget(const ActionTarget& target, JsonWriter& json) {
  json.Key("target").BeginObject().Member("container", target.life.id);
  json.Member("init", static_cast<std::int64_t>(target.life.init));
  json.Member("started", static_cast<std::uint64_t>(target.life.started));
  json.Member("name", target.name).Member("namespace", target.name_space);
  json.Member("pod", target.pod).Member("image", target.image);
  json.Member("runtime", NameOf(target.runtime)).Member("class", NameOf(target.container_class));
  if (target.cgroup_inode) json.Member("cgroup_inode", *target.cgroup_inode);
  if (target.process) {
    json.Member("pid", static_cast<std::int64_t>(*target.process));
    json.Member("pid_started", static_cast<std::uint64_t>(target.process_started));
  }
  json.EndObject();
}

void WriteAction(const Action& action, JsonWriter& json) {
  const Step& step = action.step;
  json.Member("rule", action.rule).Member("step", std::uint64_t{action.step_number});
  json.Member("action", NameOf(step.kind)).Member("dry_run", action.dry_run);
  if (Signals(step.kind)) {
    json.Member("signal", step.signal).Member("grace_ms", step.grace);
  }
  if (step.kind == ActionKind::kHook) json.Member("hook", step.hook);
  if (step.ttl) json.Member("ttl_ms", *step.ttl);
  json.Member("control", action.control).Member("severity", NameOf(action.severity));
  json.Member("seen_at", static_cast<std::int64_t>(action.at)).Member("evidence", action.evidence);
  WriteTarget(action.target, json);
}

void WriteChange(const LimitChange& change, JsonWriter& json) {
  json.Member("directory", change.place.directory).Member("inode", change.place.inode);
  json.Member("file", change.file).Member("device", change.device);
  json.Member("former", change.former).Member("value", change.value);
  if (change.unit.empty()) return;
  json.Member("unit", change.unit).Member("unit_former", change.unit_former);
}

void WriteOutcome(const ActionOutcome& outcome, JsonWriter& json) {
  json.Member("result", NameOf(outcome.result)).Member("text", outcome.text);
}

// Reads members by name; the first that is missing or of another kind is remembered.
class Reader {
 public:
  explicit Reader(const JsonValue& root) : root_(&root) {}

  const JsonValue* Find(std::string_view name) const {
    const auto* object = std::get_if<JsonValue::Object>(&root_->value);
    return object == nullptr ? nullptr : FindMember(*object, name);
  }
  Reader Object(std::string_view name) {
    const JsonValue* value = Find(name);
    static const JsonValue kNothing{};
    if (value == nullptr) Refuse();
    return Reader(value == nullptr ? kNothing : *value);
  }
  std::string Text(std::string_view name) { return Get<std::string>(name); }
  bool Bool(std::string_view name) { return Get<bool>(name); }
  std::uint64_t Unsigned(std::string_view name) { return Get<std::uint64_t>(name); }
  std::int64_t Integer(std::string_view name) {
    const JsonValue* value = Find(name);
    const auto* negative = value == nullptr ? nullptr : std::get_if<std::int64_t>(&value->value);
    return negative != nullptr ? *negative : static_cast<std::int64_t>(Unsigned(name));
  }
  template <typename Enum>
  Enum Word(std::string_view name, std::optional<Enum> (*of_name)(std::string_view)) {
    const std::optional<Enum> word = of_name(Text(name));
    if (!word) Refuse();
    return word.value_or(Enum{});
  }

  bool ok() const { return ok_; }
  void Refuse() { ok_ = false; }

 private:
  template <typename T>
  T Get(std::string_view name) {
    const JsonValue* value = Find(name);
    const T* one = value == nullptr ? nullptr : std::get_if<T>(&value->value);
    if (one != nullptr) return *one;
    Refuse();
    return {};
  }

  const JsonValue* root_;
  bool ok_ = true;
};

Pid ReadPid(Reader& reader, std::string_view name) {
  return Pid{static_cast<pid_t>(reader.Integer(name))};
}

ActionTarget ReadTarget(Reader& line) {
  Reader reader = line.Object("target");
  ActionTarget target;
  target.life.id = reader.Text("container");
  target.life.init = ReadPid(reader, "init");
  target.life.started = BootTicks{reader.Unsigned("started")};
  target.name = reader.Text("name");
  target.name_space = reader.Text("namespace");
  target.pod = reader.Text("pod");
  target.image = reader.Text("image");
  target.runtime = reader.Word("runtime", RuntimeOfName);
  target.container_class = reader.Word("class", ContainerClassOfName);
  if (reader.Find("cgroup_inode") != nullptr) target.cgroup_inode = reader.Unsigned("cgroup_inode");
  if (reader.Find("pid") != nullptr) {
    target.process = ReadPid(reader, "pid");
    target.process_started = BootTicks{reader.Unsigned("pid_started")};
  }
  if (!reader.ok()) line.Refuse();
  return target;
}

Action ReadAction(Reader& reader) {
  Action action;
  action.id = reader.Unsigned("id");
  action.rule = reader.Text("rule");
  action.step_number = static_cast<std::size_t>(reader.Unsigned("step"));
  action.step.kind = reader.Word("action", ActionKindOfName);
  action.dry_run = reader.Bool("dry_run");
  if (Signals(action.step.kind)) {
    action.step.signal = static_cast<std::int32_t>(reader.Integer("signal"));
    action.step.grace = reader.Integer("grace_ms");
  }
  if (action.step.kind == ActionKind::kHook) action.step.hook = reader.Text("hook");
  if (reader.Find("ttl_ms") != nullptr) action.step.ttl = reader.Integer("ttl_ms");
  action.control = reader.Text("control");
  action.severity = reader.Word("severity", SeverityOfName);
  action.at = Timestamp{reader.Integer("seen_at")};
  action.evidence = reader.Text("evidence");
  action.target = ReadTarget(reader);
  return action;
}

LimitChange ReadChange(Reader& reader) {
  LimitChange change;
  change.place.directory = reader.Text("directory");
  change.place.inode = reader.Unsigned("inode");
  change.file = reader.Text("file");
  change.device = reader.Text("device");
  change.former = reader.Text("former");
  change.value = reader.Text("value");
  if (reader.Find("unit") != nullptr) {
    change.unit = reader.Text("unit");
    change.unit_former = reader.Unsigned("unit_former");
  }
  return change;
}

void ReadRest(Reader& reader, ActionEntry& entry) {
  switch (entry.kind) {
    case EntryKind::kIntended:
      entry.action = ReadAction(reader);
      return;
    case EntryKind::kChange:
      entry.change = ReadChange(reader);
      return;
    case EntryKind::kUndone:
      entry.why = reader.Text("why");
      [[fallthrough]];
    case EntryKind::kResult:
      entry.outcome.result = reader.Word("result", ActionResultOfName);
      entry.outcome.text = reader.Text("text");
      return;
    case EntryKind::kBreaker:
      entry.why = reader.Text("why");
      entry.dry_run = reader.Bool("dry_run");
      return;
    case EntryKind::kBreakerReset:
      return;
    case EntryKind::kFollowUp:
      entry.why = reader.Text("why");
      return;
  }
}

void WriteRest(const ActionEntry& entry, JsonWriter& json) {
  switch (entry.kind) {
    case EntryKind::kIntended:
      return WriteAction(entry.action, json);
    case EntryKind::kChange:
      return WriteChange(entry.change, json);
    case EntryKind::kUndone:
      json.Member("why", entry.why);
      [[fallthrough]];
    case EntryKind::kResult:
      return WriteOutcome(entry.outcome, json);
    case EntryKind::kBreaker:
      json.Member("why", entry.why).Member("dry_run", entry.dry_run);
      return;
    case EntryKind::kBreakerReset:
      return;
    case EntryKind::kFollowUp:
      json.Member("why", entry.why);
      return;
  }
}

}  // namespace

std::string EntryLine(const ActionEntry& entry) {
  std::string line;
  JsonWriter json([&](std::string_view bytes) { line += bytes; });
  json.BeginObject().Member("schema", "hullmark.action/1");
  json.Member("kind", kKinds.at(std::to_underlying(entry.kind))).Member("id", entry.id);
  json.Member("at", static_cast<std::int64_t>(entry.stamp.at));
  json.Member("boot_id", entry.stamp.boot_id).Member("boot_ms", entry.stamp.boot_ms);
  WriteRest(entry, json);
  json.EndObject().Finish();
  return line;
}

Result<ActionEntry> ReadEntry(std::string_view line) {
  const auto root = ParseJson(line);
  if (!root) return std::unexpected(root.error());
  Reader reader(*root);
  ActionEntry entry;
  const auto kind = std::ranges::find(kKinds, reader.Text("kind"));
  if (reader.Text("schema") != "hullmark.action/1" || kind == kKinds.end()) reader.Refuse();
  if (!reader.ok()) return Fail(ErrorCode::kMalformed, "no line of a log of actions");
  entry.kind = static_cast<EntryKind>(kind - kKinds.begin());
  entry.id = reader.Unsigned("id");
  entry.stamp = {.at = Timestamp{reader.Integer("at")},
                 .boot_id = reader.Text("boot_id"),
                 .boot_ms = reader.Integer("boot_ms")};
  ReadRest(reader, entry);
  if (!reader.ok()) return Fail(ErrorCode::kMalformed, "a line of a log of actions is damaged");
  return entry;
}

}  // namespace hullmark
