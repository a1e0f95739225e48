// SPDX-License-Identifier: Apache-2.0
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "agent/daemon/exact_json.h"
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
constexpr std::uint64_t kMostScans = 1'000'000;
constexpr std::uint64_t kMostPlaces = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t kMostControls = std::numeric_limits<std::uint16_t>::max();
constexpr std::size_t kMostOffenders = std::numeric_limits<std::uint16_t>::max();
const JsonValue kNull{};
const JsonValue::Array kNoItems{};

class StateReader : private MemberReader {
 public:
  Result<SavedState> Read(const JsonValue& root);

 private:
  template <typename OfName>
  auto Word(const JsonValue& object, std::string_view name, OfName of_name);
  // Numbers of a row, one after the other.
  struct Row {
    const JsonValue::Array& items;
    std::size_t next = 0;
  };
  const JsonValue& Next(Row& row);
  std::uint64_t Next(Row& row, std::uint64_t most);

  LastFailure ReadFailure(Row& row, const KnownSubject& subject);
  KnownControl ReadControl(const JsonValue& value, const KnownSubject& subject);
  void ReadOffenders(const JsonValue& value, KnownSubject& subject);
  KnownSubject ReadSubject(const JsonValue& owner);
  KnownContainer ReadContainer(const JsonValue& value);
  std::vector<std::string> ReadOutbox(const JsonValue& root, std::uint64_t last_id);

  SavedState state_;
};

template <typename OfName>
auto StateReader::Word(const JsonValue& object, std::string_view name, OfName of_name) {
  const auto found = of_name(Text(object, name));
  if (!found) Refuse(name, "is no word of its list");
  return found.value_or(typename decltype(of_name(""))::value_type{});
}

const JsonValue& StateReader::Next(Row& row) {
  if (row.next < row.items.size()) return row.items[row.next++];
  Refuse("controls", "has a row that is cut off");
  return kNull;
}

std::uint64_t StateReader::Next(Row& row, std::uint64_t most) {
  const auto* const number = std::get_if<std::uint64_t>(&Next(row).value);
  if (number != nullptr && *number <= most) return *number;
  Refuse("controls", "has a row with what is no number, or too large");
  return 0;
}

LastFailure StateReader::ReadFailure(Row& row, const KnownSubject& subject) {
  const auto now =
      static_cast<std::uint64_t>(std::to_underlying(state_.known.taken_at.value_or(Timestamp{})));
  const auto before = static_cast<std::uint64_t>(IntegerOf(Next(row), "controls"));
  LastFailure failure;
  failure.at = Timestamp{static_cast<std::int64_t>(now - before)};
  failure.severity = static_cast<Severity>(Next(row, kSeverities - 1));
  failure.points = static_cast<std::int32_t>(Next(row, std::numeric_limits<std::int32_t>::max()));
  failure.evidence = static_cast<std::uint32_t>(Next(row, kMostPlaces));
  failure.offenders_begin = static_cast<std::uint16_t>(Next(row, subject.offenders.size()));
  failure.offenders_end = static_cast<std::uint16_t>(Next(row, subject.offenders.size()));
  if (failure.evidence >= state_.known.texts.size() ||
      failure.offenders_begin > failure.offenders_end) {
    Refuse("controls", "has a row that names what is not there");
  }
  return failure;
}

KnownControl StateReader::ReadControl(const JsonValue& value, const KnownSubject& subject) {
  const auto* const items = std::get_if<JsonValue::Array>(&value.value);
  if (items == nullptr) Refuse("controls", "has a row that is no array");
  Row row = {.items = items == nullptr ? kNoItems : *items};
  KnownControl known;
  known.control = static_cast<std::uint16_t>(Next(row, kMostControls));
  known.standing = static_cast<Standing>(Next(row, kStandings - 1));
  known.severity = static_cast<Severity>(Next(row, kSeverities - 1));
  known.next = static_cast<Standing>(Next(row, kStandings - 1));
  known.scans = static_cast<std::uint8_t>(Next(row, std::numeric_limits<std::uint8_t>::max()));
  known.stale = Next(row, 1) == 1;
  known.recent = Next(row, 1) == 1;
  if (row.next < row.items.size()) known.failure = ReadFailure(row, subject);
  if (row.next < row.items.size()) Refuse("controls", "has a row that is too long");
  if (known.control >= state_.known.controls.size())
    Refuse("controls", "names a control without id");
  if (known.standing == Standing::kFailing && !known.failure) Refuse("controls", "lacks a failure");
  return known;
}

void StateReader::ReadOffenders(const JsonValue& value, KnownSubject& subject) {
  for (const JsonValue& item : Items(value, "offenders")) {
    const auto* const pair = std::get_if<JsonValue::Array>(&item.value);
    Row row = {.items = pair == nullptr ? kNoItems : *pair};
    const auto pid = Next(row, std::numeric_limits<pid_t>::max());
    const auto start = Next(row, std::numeric_limits<std::uint64_t>::max());
    subject.offenders.push_back({.pid = Pid{static_cast<pid_t>(pid)}, .start = BootTicks{start}});
  }
  if (subject.offenders.size() > kMostOffenders) Refuse("offenders", "are too many");
}

KnownSubject StateReader::ReadSubject(const JsonValue& owner) {
  const JsonValue& value = Member(owner, "subject");
  KnownSubject subject;
  if (!IsNull(value, "grade")) subject.grade = Word(value, "grade", GradeOfName);
  subject.grade_scans = static_cast<std::int32_t>(Unsigned(value, "grade_scans", kMostScans));
  ReadOffenders(value, subject);
  const JsonValue::Array& rows = Items(value, "controls");
  subject.controls.reserve(rows.size());
  for (const JsonValue& item : rows) {
    if (fault()) break;
    const KnownControl known = ReadControl(item, subject);
    if (!subject.controls.empty() && subject.controls.back().control >= known.control) {
      Refuse("controls", "are out of order");
    }
    subject.controls.push_back(known);
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
  container.waited = static_cast<std::int32_t>(Unsigned(value, "waited", kMostScans));
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
  if (!fault() && schema != kStateSchema) {
    return Fail(
        schema.starts_with("hullmark.state/") ? ErrorCode::kUnsupported : ErrorCode::kMalformed,
        "is of schema \"" + PrintableShort(schema, kMostShown) + "\", and this program reads \"" +
            std::string(kStateSchema) + "\"");
  }
  KnownState& known = state_.known;
  known.last_id = Unsigned(root, "last_id", kMostId);
  if (!IsNull(root, "taken_at")) known.taken_at = Timestamp{Integer(root, "taken_at")};
  known.boot_id = Text(root, "boot_id");
  known.controls = Texts(root, "controls");
  if (std::unordered_set<std::string_view>(known.controls.begin(), known.controls.end()).size() !=
      known.controls.size()) {
    Refuse("controls", "has an id twice");
  }
  known.judged = Unsigned(root, "judged", known.controls.size());
  for (std::string& text : Texts(root, "texts")) known.texts.push_back(std::move(text));
  known.host = ReadSubject(Member(root, "host"));
  for (const JsonValue& item : Items(root, "containers")) {
    if (fault()) break;
    known.containers.push_back(ReadContainer(item));
  }
  state_.outbox = ReadOutbox(root, known.last_id);
  if (fault()) return std::unexpected(*fault());
  return std::move(state_);
}

}  // namespace

Result<SavedState> ReadState(std::string_view text) {
  const auto root = ParseJson(text);
  if (!root) return std::unexpected(root.error());
  return StateReader().Read(*root);
}

}  // namespace hullmark
