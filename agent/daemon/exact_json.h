// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/encode/json_writer.h"
#include "agent/replay/json_tree.h"
#include "hullmark/result.h"

namespace hullmark {

// JSON of files that are the agent's own: texts come back as the bytes they were. They are compared
// after a restart, so that bytes that are no UTF-8 must not change on the way: those are written as
// {"hex": digits}.
void WriteExact(JsonWriter& json, std::string_view text);
void WriteExact(JsonWriter& json, std::string_view key, std::string_view text);

// Reads members by name; the first that is missing or of another kind is remembered, and what is
// read from then on is worthless.
class MemberReader {
 public:
  const JsonValue& Member(const JsonValue& object, std::string_view name);
  const JsonValue::Array& Items(const JsonValue& object, std::string_view name);
  std::string Text(const JsonValue& object, std::string_view name);
  std::string TextOf(const JsonValue& value, std::string_view name);
  std::vector<std::string> Texts(const JsonValue& object, std::string_view name);
  std::int64_t IntegerOf(const JsonValue& value, std::string_view name);
  std::int64_t Integer(const JsonValue& object, std::string_view name);
  std::uint64_t Unsigned(const JsonValue& object, std::string_view name, std::uint64_t most);
  bool Flag(const JsonValue& object, std::string_view name);
  bool IsNull(const JsonValue& object, std::string_view name);

  void Refuse(std::string_view name, std::string_view why);
  const std::optional<Error>& fault() const { return fault_; }

 private:
  std::optional<Error> fault_;
};

}  // namespace hullmark
