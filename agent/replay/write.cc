// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "agent/encode/json_writer.h"
#include "agent/replay/describe_snapshot.h"
#include "agent/replay/names.h"
#include "agent/replay/scalars.h"
#include "agent/replay/snapshot_json.h"
#include "hullmark/caps.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr int kIndent = 1;

class SnapshotWriter {
 public:
  static constexpr bool kReads = false;

  SnapshotWriter(const Snapshot& snapshot, JsonWriter& json) : snapshot_(snapshot), json_(json) {}

  template <typename T>
  void Member(std::string_view name, const T& value) {
    json_.Key(name);
    Write(value);
  }

  // What older documents lack; left out where it is as it was then.
  template <typename T>
  void Late(std::string_view name, const T& value) {
    if constexpr (requires { value.empty(); }) {
      if (value.empty()) return;
    } else {
      if (value == T{}) return;
    }
    Member(name, value);
  }

  template <typename T>
  void Late(std::string_view name, const Fact<T>& fact) {
    if (fact || fact.error() != Fault{}) Member(name, fact);
  }

  // An index into a table; a plain number, so that any table will do.
  void Row(std::string_view name, const std::optional<std::uint32_t>& row,
           std::string_view /*table*/) {
    Member(name, row);
  }

  // An array as an object, its places named.
  template <typename T, std::size_t kSize>
  void Keyed(std::string_view name, const std::array<T, kSize>& values,
             std::span<const std::string_view> keys) {
    json_.Key(name).BeginObject();
    for (std::size_t i = 0; i < kSize; ++i) Member(keys[i], values[i]);
    json_.EndObject();
  }

  // The names of the bits that are set.
  void Flags(std::string_view name, std::uint8_t bits, std::span<const std::string_view> names) {
    json_.Key(name).BeginArray();
    for (std::size_t i = 0; i < names.size(); ++i) {
      if ((bits >> i & 1) != 0) json_.String(names[i]);
    }
    json_.EndArray();
  }

 private:
  void Write(bool value) { json_.Bool(value); }
  void Write(char value) { WriteText({&value, 1}); }
  void Write(CapSet caps) { json_.String(HexOf(caps)); }
  void Write(StringId id) { WriteText(snapshot_.Text(id)); }
  void Write(const std::string& text) { WriteText(text); }

  template <std::integral T>
  void Write(T value) {
    if constexpr (std::signed_integral<T>) {
      json_.Integer(value);
    } else {
      json_.Unsigned(value);
    }
  }

  template <typename T>
    requires std::is_enum_v<T>
  void Write(T value) {
    if constexpr (requires { EnumNames(value); }) {
      json_.String(EnumNames(value)[static_cast<std::size_t>(value)]);
    } else {
      Write(std::to_underlying(value));
    }
  }

  template <typename T>
  void Write(const std::optional<T>& value) {
    if (value) {
      Write(*value);
    } else {
      json_.Null();
    }
  }

  template <typename T>
  void Write(const Fact<T>& fact) {
    if (fact) {
      Write(*fact);
      return;
    }
    json_.BeginObject();
    Member("error", fact.error().code);
    if (fact.error().error_number != 0) Member("errno", fact.error().error_number);
    json_.EndObject();
  }

  template <typename T>
  void Write(const std::vector<T>& values) {
    WriteAll(values);
  }

  template <typename T, std::size_t kSize>
  void Write(const std::array<T, kSize>& values) {
    WriteAll(values);
  }

  template <typename T>
    requires std::is_class_v<T>
  void Write(const T& record) {
    json_.BeginObject();
    Describe(*this, record);
    json_.EndObject();
  }

  void WriteAll(const auto& values) {
    json_.BeginArray();
    for (const auto& value : values) Write(value);
    json_.EndArray();
  }

  // Text of containers need not be UTF-8, JSON must be: other bytes are written in hexadecimal.
  void WriteText(std::string_view text) {
    if (IsUtf8(text)) {
      json_.String(text);
    } else {
      json_.BeginObject().Member("bytes", HexOf(text)).EndObject();
    }
  }

  const Snapshot& snapshot_;
  JsonWriter& json_;
};

}  // namespace

void WriteSnapshot(const Snapshot& snapshot, const ByteSink& sink) {
  JsonWriter json(sink, kIndent);
  SnapshotWriter writer(snapshot, json);
  json.BeginObject().Member("schema", kSnapshotSchema);
  Describe(writer, snapshot);
  json.EndObject().Finish();
}

}  // namespace hullmark
