// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "agent/encode/text.h"
#include "agent/replay/consistency.h"
#include "agent/replay/describe_snapshot.h"
#include "agent/replay/json_tree.h"
#include "agent/replay/names.h"
#include "agent/replay/scalars.h"
#include "agent/replay/snapshot_json.h"
#include "agent/seccomp/decoder.h"
#include "hullmark/caps.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "hullmark/strings.h"

namespace hullmark {
namespace {

using Array = JsonValue::Array;
using Object = JsonValue::Object;

constexpr std::size_t kMostShown = 64;  // Bytes of a hostile text in a message.

// Walks the tree alongside the records. The first fault is kept with its place and ends the walk;
// what was read until then is thrown away by the caller.
class SnapshotReader {
 public:
  static constexpr bool kReads = true;

  SnapshotReader(const JsonValue& root, StringTable& strings) : root_(root), strings_(strings) {}

  // Everything: `schema` was looked at before.
  std::optional<Error> ReadRoot(Snapshot& snapshot) {
    at_ = &root_;
    ReadObject([&] {
      names_.emplace_back("schema");
      Describe(*this, snapshot);
    });
    return std::move(fault_);
  }

  template <typename T>
  void Member(std::string_view name, T& value) {
    Enter(name, [&] { Read(value); });
  }

  // What older documents lack.
  template <typename T>
  void Late(std::string_view name, T& value) {
    if (!fault_ && FindMember(std::get<Object>(at_->value), name) != nullptr) Member(name, value);
  }

  // An index into the table called `table`.
  void Row(std::string_view name, std::optional<std::uint32_t>& row, std::string_view table) {
    Enter(name, [&] {
      Read(row);
      if (row) CheckRow(*row, table);
    });
  }

  template <typename T, std::size_t kSize>
  void Keyed(std::string_view name, std::array<T, kSize>& values,
             std::span<const std::string_view> keys) {
    Enter(name, [&] {
      ReadObject([&] {
        for (std::size_t i = 0; i < kSize; ++i) Member(keys[i], values[i]);
      });
    });
  }

  void Flags(std::string_view name, std::uint8_t& bits, std::span<const std::string_view> names) {
    Enter(name, [&] {
      bits = 0;
      ForEachItem([&](std::size_t /*index*/) {
        const auto bit = 1U << PositionIn(names);
        if ((bits & bit) != 0) Refuse("stands here twice");
        bits = static_cast<std::uint8_t>(bits | bit);
      });
    });
  }

 private:
  // ---- moving about ----

  // Runs `read` on the member `name` of the object at hand.
  void Enter(std::string_view name, const auto& read) {
    if (fault_) return;
    names_.push_back(name);
    const JsonValue* const object = at_;
    const JsonValue* const member = FindMember(std::get<Object>(object->value), name);
    if (member == nullptr) {
      Refuse("member \"" + std::string(name) + "\" is missing");
      return;
    }
    at_ = member;
    steps_.emplace_back(name);
    read();
    steps_.pop_back();
    at_ = object;
  }

  // Runs `read` on the object at hand and refuses members that it did not ask for.
  void ReadObject(const auto& read) {
    const auto* const object = Get<Object>("an object");
    if (object == nullptr) return;
    const std::size_t first = names_.size();
    read();
    if (!fault_) RefuseOthers(*object, std::span(names_).subspan(first));
    names_.resize(first);
  }

  void RefuseOthers(const Object& object, std::span<const std::string_view> known) {
    if (object.size() == known.size()) return;  // Names are distinct, and every known one is there.
    for (const JsonMember& member : object) {
      if (std::ranges::count(known, member.name) != 0) continue;
      steps_.emplace_back(std::string_view(member.name));
      Refuse("unknown member");
      return;
    }
  }

  // Runs `read` on each item of the array at hand.
  void ForEachItem(const auto& read) {
    const auto* const array = Get<Array>("an array");
    if (array == nullptr) return;
    const JsonValue* const self = at_;
    for (std::size_t i = 0; i < array->size() && !fault_; ++i) {
      at_ = &(*array)[i];
      steps_.emplace_back(i);
      read(i);
      steps_.pop_back();
    }
    at_ = self;
  }

  // The value at hand if it is of the kind that is wanted.
  template <typename T>
  const T* Get(std::string_view wanted) {
    const auto* const value = std::get_if<T>(&at_->value);
    if (value == nullptr) Refuse("is not " + std::string(wanted));
    return value;
  }

  // Keeps the first fault, at the place at hand.
  void Refuse(std::string_view what) {
    if (fault_) return;
    std::string place;
    for (const auto& step : steps_) {
      place += std::visit([](const auto& part) { return PointerStep(part); }, step);
    }
    if (place.empty()) place = "the document";
    fault_ = Error{.code = ErrorCode::kMalformed, .message = place + ": " + std::string(what)};
  }

  // ---- values ----

  void Read(bool& value) {
    if (const auto* found = Get<bool>("true or false")) value = *found;
  }

  void Read(std::string& text) {
    if (const auto* plain = std::get_if<std::string>(&at_->value)) {
      text = *plain;
      return;
    }
    const auto* const object = Get<Object>("a text");
    if (object == nullptr) return;
    const bool encoded = object->size() == 1 && object->front().name == "bytes";
    const auto* const hex =
        encoded ? std::get_if<std::string>(&object->front().value.value) : nullptr;
    auto bytes = hex == nullptr ? std::nullopt : BytesOfHex(*hex);
    if (!bytes) {
      Refuse("is neither a text nor {\"bytes\": hexadecimal digits}");
      return;
    }
    text = *std::move(bytes);
  }

  void Read(StringId& id) {
    if (const auto* plain = std::get_if<std::string>(&at_->value)) {
      id = strings_.Intern(*plain);
      return;
    }
    std::string text;
    Read(text);
    id = strings_.Intern(text);
  }

  void Read(char& value) {
    std::string text;
    Read(text);
    if (text.size() == 1) {
      value = text.front();
    } else {
      Refuse("is not one character");
    }
  }

  void Read(CapSet& caps) {
    const auto* const text = Get<std::string>("a text");
    const auto bits = text == nullptr ? std::nullopt : CapSetOfHex(*text);
    if (bits) {
      caps = *bits;
    } else {
      Refuse("is not a set of 16 hexadecimal digits");
    }
  }

  template <std::integral T>
  void Read(T& value) {
    const auto take = [&](auto number) {
      if (!std::in_range<T>(number)) return false;
      value = static_cast<T>(number);
      return true;
    };
    const auto* const whole = std::get_if<std::uint64_t>(&at_->value);
    const auto* const negative = std::get_if<std::int64_t>(&at_->value);
    if (whole == nullptr && negative == nullptr) {
      Refuse("is not a number");
    } else if (whole != nullptr ? !take(*whole) : !take(*negative)) {
      Refuse("is out of range");
    }
  }

  template <typename T>
    requires std::is_enum_v<T>
  void Read(T& value) {
    if constexpr (requires { EnumNames(value); }) {
      value = static_cast<T>(PositionIn(EnumNames(value)));
    } else {
      std::underlying_type_t<T> number{};
      Read(number);
      if constexpr (requires { TableOf(value); }) CheckRow(number, TableOf(value));
      value = T{number};
    }
  }

  // The position among `names` of the text at hand; 0 with a fault when it is none of them.
  std::size_t PositionIn(std::span<const std::string_view> names) {
    const auto* const text = Get<std::string>("a text");
    if (text == nullptr) return 0;
    const auto found = std::ranges::find(names, *text);
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
    Refuse("\"" + PrintableShort(*text, kMostShown) + "\" is not a name known here");
    return 0;
  }

  void CheckRow(std::uint32_t row, std::string_view table) {
    const auto* const value = FindMember(std::get<Object>(root_.value), table);
    const auto* const rows = value == nullptr ? nullptr : std::get_if<Array>(&value->value);
    const std::size_t size = rows == nullptr ? 0 : rows->size();
    if (row < size) return;
    Refuse(std::to_string(row) + " is not a row of /" + std::string(table) + ", which has " +
           std::to_string(size));
  }

  template <typename T>
  void Read(std::optional<T>& value) {
    value.reset();
    if (!std::holds_alternative<std::monostate>(at_->value)) Read(value.emplace());
  }

  template <typename T>
  void Read(Fact<T>& fact) {
    const auto* const object = std::get_if<Object>(&at_->value);
    if (object == nullptr || FindMember(*object, "error") == nullptr) {
      fact.emplace();
      Read(*fact);
      return;
    }
    Fault fault;
    const bool numbered = FindMember(*object, "errno") != nullptr;
    ReadObject([&] {
      Member("error", fault.code);
      if (numbered) Member("errno", fault.error_number);
    });
    fact = std::unexpected(fault);
  }

  template <typename T>
  void Read(std::vector<T>& values) {
    values.clear();
    ForEachItem([&](std::size_t /*index*/) { Read(values.emplace_back()); });
  }

  template <typename T, std::size_t kSize>
  void Read(std::array<T, kSize>& values) {
    const auto* const array = Get<Array>("an array");
    if (array == nullptr) return;
    if (array->size() != kSize) {
      Refuse("does not have " + std::to_string(kSize) + " items");
      return;
    }
    ForEachItem([&](std::size_t index) { Read(values[index]); });
  }

  template <typename T>
    requires std::is_class_v<T>
  void Read(T& record) {
    ReadObject([&] { Describe(*this, record); });
  }

  const JsonValue& root_;
  StringTable& strings_;
  const JsonValue* at_ = nullptr;
  std::vector<std::variant<std::string_view, std::size_t>> steps_;  // From the root to `at_`.
  std::vector<std::string_view> names_;  // Members asked for, of every object that is open.
  std::optional<Error> fault_;
};

// Another version of the schema is no damage: it says which program can read it.
std::optional<Error> CheckSchema(const JsonValue& root) {
  const auto text_of = [&](std::string_view name) -> std::string_view {
    const auto* const object = std::get_if<Object>(&root.value);
    const auto* const member = object == nullptr ? nullptr : FindMember(*object, name);
    const auto* const text = member == nullptr ? nullptr : std::get_if<std::string>(&member->value);
    return text == nullptr ? std::string_view{} : *text;
  };
  const auto schema = text_of("schema");
  if (schema == kSnapshotSchema) return std::nullopt;
  constexpr std::string_view kAnyVersion = "hullmark.snapshot/";
  if (!schema.starts_with(kAnyVersion)) {
    return Error{.code = ErrorCode::kMalformed,
                 .message = "/schema: this is no snapshot of hullmark"};
  }
  return Error{.code = ErrorCode::kUnsupported,
               .message = "/schema: is \"" + PrintableShort(schema, kMostShown) +
                          "\", and this program reads \"" + std::string(kSnapshotSchema) +
                          "\"; use hullmark " +
                          PrintableShort(text_of("tool_version"), kMostShown) +
                          ", which wrote it, or take a new snapshot"};
}

}  // namespace

Result<Snapshot> ReadSnapshot(std::string_view text) {
  const auto root = ParseJson(text);
  if (!root) return std::unexpected(root.error());
  if (auto error = CheckSchema(*root)) return std::unexpected(*std::move(error));
  Snapshot snapshot;
  if (auto error = SnapshotReader(*root, snapshot.strings).ReadRoot(snapshot)) {
    return std::unexpected(*std::move(error));
  }
  if (auto error = FindContradiction(snapshot)) return std::unexpected(*std::move(error));
  FilterDecoder().Decode(snapshot);
  return snapshot;
}

}  // namespace hullmark
