// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "hullmark/result.h"

namespace hullmark {

struct JsonMember;

// A parsed JSON value. Numbers are integers; negative ones are std::int64_t, others std::uint64_t.
// Members stand in the order of the document and have distinct names.
struct JsonValue {
  using Array = std::vector<JsonValue>;
  using Object = std::vector<JsonMember>;

  std::variant<std::monostate, bool, std::uint64_t, std::int64_t, std::string, Array, Object> value;
};

struct JsonMember {
  std::string name;
  JsonValue value;
};

// nullptr when `object` has no such member.
const JsonValue* FindMember(const JsonValue::Object& object, std::string_view name);

// Parses one document, which may come from anywhere: kMalformed for what is no JSON, for fractions,
// repeated members, nesting deeper than 32 and objects of more than 64 members. The message begins
// with the JSON pointer (RFC 6901) or the byte of the fault.
Result<JsonValue> ParseJson(std::string_view text);

// One step of a JSON pointer, escaped; names are hostile and may be cut.
std::string PointerStep(std::string_view name);
std::string PointerStep(std::size_t index);

}  // namespace hullmark
