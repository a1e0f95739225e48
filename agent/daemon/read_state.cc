// SPDX-License-Identifier: Apache-2.0
#include <sys/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "agent/daemon/saved_state.h"
#include "agent/encode/text.h"
#include "agent/evaluate/known_state.h"
#include "agent/replay/json_tree.h"
#include "agent/replay/scalars.h"
#include "agent/sinks/event_json.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::uint64_t kMostId = std::uint64_t{1} << 53;
constexpr std::size_t kMostShown = 64;
const JsonValue kNull{};

// Reads members by name; the first that is missing or of another kind is remembered, and what is
// read from then on is worthless.
class StateReader {
 public:
  Result<SavedState> Read(const JsonValue& root);

 private:
  const JsonValue& Member(const JsonValue& object, std::string_view name);
  const JsonValue::Array& Items(const JsonValue& object, std::string_view name);
  std::string Text(const JsonValue& object, std::string_view name);
  std::string TextOf(const JsonValue& value, std::string_view name);
  bool Flag(const JsonValue& object, std::string_view name);
  std::int64_t Integer(const JsonValue& object, std::string_view name);
  std::uint64_t Unsigned(const JsonValue& object, std::string_view name, std::uint64_t most);
  bool IsNull(const JsonValue& object, std::string_view name);
  template <typename OfName>
  auto Word(const JsonValue& object, std::string_view name, OfName of_name);
  Standing ReadStanding(const JsonValue& object, std::string_view name);
  std::int32_t Scans(const JsonValue& object, std::string_view name);

  LastFailure ReadFailure(const JsonValue& value);
  KnownControl ReadControl(const JsonValue& value);
  KnownSubject ReadSubject(const JsonValue& owner);
  KnownContainer ReadContainer(const JsonValue& value);
  std::vector<std::string> ReadOutbox(const JsonValue& root, std::uint64_t last_id);
  void Refuse(std::string_view name, std::string_view why);

  std::optional<Error> fault_;
};

void StateReader::Refuse(std::string_view name, std::string_view why) {
  if (fault_) return;
  fault_ = Error{.code = ErrorCode::kMalformed,
                 .message = "member \"" + std::string(name) + "\" " + std::string(why)};
}

const JsonValue& StateReader::Member(const JsonValue& object, std::string_view name) {
  const auto* const members = std::get_if<JsonValue::Object>(&object.value);
  const JsonValue* const member = members == nullptr ? nullptr : FindMember(*members, name);
  if (member == nullptr) Refuse(name, "is missing");
  return member == nullptr ? kNull : *member;
}

const JsonValue::Array& StateReader::Items(const JsonValue& object, std::string_view name) {
  static const JsonValue::Array kNone;
  const auto* const items = std::get_if<JsonValue::Array>(&Member(object, name).value);
  if (items == nullptr) Refuse(name, "is no array");
  return items == nullptr ? kNone : *items;
}

std::string StateReader::TextOf(const JsonValue& value, std::string_view name) {
  if (const auto* const text = std::get_if<std::string>(&value.value)) return *text;
  const auto* const members = std::get_if<JsonValue::Object>(&value.value);
  const JsonValue* const hex = members == nullptr ? nullptr : FindMember(*members, "hex");
  const auto* const digits = hex == nullptr ? nullptr : std::get_if<std::string>(&hex->value);
  auto bytes = digits == nullptr ? std::nullopt : BytesOfHex(*digits);
  if (!bytes) Refuse(name, "is no text");
  return std::move(bytes).value_or("");
}

std::string StateReader::Text(const JsonValue& object, std::string_view name) {
  return TextOf(Member(object, name), name);
}

bool StateReader::Flag(const JsonValue& object, std::string_view name) {
  const auto* const flag = std::get_if<bool>(&Member(object, name).value);
  if (flag == nullptr) Refuse(name, "is neither true nor false");
  return flag != nullptr && *flag;
}

std::int64_t StateReader::Integer(const JsonValue& object, std::string_view name) {
  const auto& value = Member(object, name).value;
  if (const auto* const negative = std::get_if<std::int64_t>(&value)) return *negative;
  const auto* const positive = std::get_if<std::uint64_t>(&value);
  if (positive != nullptr && std::in_range<std::int64_t>(*positive)) {
    return static_cast<std::int64_t>(*positive);
  }
  Refuse(name, "is no integer of 64 bits");
  return 0;
}

std::uint64_t StateReader::Unsigned(const JsonValue& object, std::string_view name,
                                    std::uint64_t most) {
  const auto* const number = std::get_if<std::uint64_t>(&Member(object, name).value);
  if (number != nullptr && *number <= most) return *number;
  Refuse(name, "is no number, or too large");
  return 0;
}

bool StateReader::IsNull(const JsonValue& object, std::string_view name) {
  return std::holds_alternative<std::monostate>(Member(object, name).value);
}

template <typename OfName>
auto StateReader::Word(const JsonValue& object, std::string_view name, OfName of_name) {
  const auto found = of_name(Text(object, name));
  if (!found) Refuse(name, "is no word of its list");
  return found.value_or(typename decltype(of_name(""))::value_type{});
}

Standing StateReader::ReadStanding(const JsonValue& object, std::string_view name) {
  return static_cast<Standing>(Unsigned(object, name, kStandings - 1));
}

std::int32_t StateReader::Scans(const JsonValue& object, std::string_view name) {
  constexpr std::uint64_t kMost = 1'000'000;
  return static_cast<std::int32_t>(Unsigned(object, name, kMost));
}

LastFailure StateReader::ReadFailure(const JsonValue& value) {
  LastFailure failure = {.at = Timestamp{Integer(value, "at")},
                         .severity = Word(value, "severity", SeverityOfName),
                         .points = Integer(value, "points"),
                         .evidence = Text(value, "evidence")};
  for (const JsonValue& item : Items(value, "offenders")) {
    const auto pid = Unsigned(item, "pid", std::numeric_limits<pid_t>::max());
    const auto start = Unsigned(item, "start", std::numeric_limits<std::uint64_t>::max());
    failure.offenders.push_back({.pid = Pid{static_cast<pid_t>(pid)}, .start = BootTicks{start}});
  }
  return failure;
}

KnownControl StateReader::ReadControl(const JsonValue& value) {
  KnownControl known = {.standing = ReadStanding(value, "standing"),
                        .severity = Word(value, "severity", SeverityOfName),
                        .since = Timestamp{Integer(value, "since")},
                        .next = ReadStanding(value, "next"),
                        .scans = Scans(value, "scans"),
                        .next_since = Timestamp{Integer(value, "next_since")},
                        .stale = Flag(value, "stale"),
                        .recent = Flag(value, "recent")};
  if (!IsNull(value, "failure")) known.failure = ReadFailure(Member(value, "failure"));
  if (known.standing == Standing::kFailing && !known.failure) Refuse("failure", "is missing");
  return known;
}

KnownSubject StateReader::ReadSubject(const JsonValue& owner) {
  const JsonValue& value = Member(owner, "subject");
  KnownSubject subject;
  if (!IsNull(value, "grade")) subject.grade = Word(value, "grade", GradeOfName);
  subject.grade_scans = Scans(value, "grade_scans");
  for (const JsonValue& item : Items(value, "controls")) {
    if (fault_) break;
    const auto added = subject.controls.emplace(Text(item, "control"), ReadControl(item));
    if (!added.second) Refuse("control", "stands here twice");
  }
  return subject;
}

KnownContainer StateReader::ReadContainer(const JsonValue& value) {
  KnownContainer container = {.id = Text(value, "id"),
                              .name = Text(value, "name"),
                              .name_space = Text(value, "namespace"),
                              .pod = Text(value, "pod"),
                              .image = Text(value, "image"),
                              .runtime = Word(value, "runtime", RuntimeOfName),
                              .container_class = Word(value, "class", ContainerClassOfName),
                              .subject = ReadSubject(value)};
  if (!IsNull(value, "start")) {
    container.start =
        BootTicks{Unsigned(value, "start", std::numeric_limits<std::uint64_t>::max())};
  }
  return container;
}

std::vector<std::string> StateReader::ReadOutbox(const JsonValue& root, std::uint64_t last_id) {
  std::vector<std::string> outbox;
  std::uint64_t before = 0;
  for (const JsonValue& item : Items(root, "outbox")) {
    outbox.push_back(TextOf(item, "outbox"));
    const auto id = IdOfEventLine(outbox.back());
    if (!outbox.back().ends_with('\n') || !IsUtf8(outbox.back()) || !id || *id <= before ||
        *id > last_id) {
      Refuse("outbox", "holds what is no event, or out of order");
      break;
    }
    before = *id;
  }
  return outbox;
}

Result<SavedState> StateReader::Read(const JsonValue& root) {
  const std::string schema = Text(root, "schema");
  if (!fault_ && schema != kStateSchema) {
    return Fail(
        schema.starts_with("hullmark.state/") ? ErrorCode::kUnsupported : ErrorCode::kMalformed,
        "is of schema \"" + PrintableShort(schema, kMostShown) + "\", and this program reads \"" +
            std::string(kStateSchema) + "\"");
  }
  SavedState state;
  state.known.last_id = Unsigned(root, "last_id", kMostId);
  if (!IsNull(root, "taken_at")) state.known.taken_at = Timestamp{Integer(root, "taken_at")};
  state.known.boot_id = Text(root, "boot_id");
  for (const JsonValue& item : Items(root, "judged")) {
    state.known.judged.push_back(TextOf(item, "judged"));
  }
  if (!std::ranges::is_sorted(state.known.judged)) Refuse("judged", "is not sorted");
  state.known.host = ReadSubject(Member(root, "host"));
  for (const JsonValue& item : Items(root, "containers")) {
    if (fault_) break;
    state.known.containers.push_back(ReadContainer(item));
  }
  state.outbox = ReadOutbox(root, state.known.last_id);
  if (fault_) return std::unexpected(*std::move(fault_));
  return state;
}

}  // namespace

Result<SavedState> ReadState(std::string_view text) {
  const auto root = ParseJson(text);
  if (!root) return std::unexpected(root.error());
  return StateReader().Read(*root);
}

}  // namespace hullmark
