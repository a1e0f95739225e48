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

// A parsed JSON value. Integers that are negative are std::int64_t, others std::uint64_t; double is
// of numbers with a fraction or an exponent. Members stand in the order of the document and have
// distinct names.
struct JsonValue {
  using Array = std::vector<JsonValue>;
  using Object = std::vector<JsonMember>;

  std::variant<std::monostate, bool, std::uint64_t, std::int64_t, double, std::string, Array,
               Object>
      value;
};

struct JsonMember {
  std::string name;
  JsonValue value;
};

// nullptr when `object` has no such member.
const JsonValue* FindMember(const JsonValue::Object& object, std::string_view name);

// What a kind of document has; little enough that looking for a repeated member is cheap.
struct JsonShape {
  std::size_t members = 64;  // Of one object, at most.
  bool fractions = false;    // Whether numbers may be other than 64-bit integers.
};

// Parses one document, which may come from anywhere: kMalformed for what is no JSON or not of that
// shape, for repeated members and nesting deeper than 32. The message begins with the JSON pointer
// (RFC 6901) or the byte of the fault.
Result<JsonValue> ParseJson(std::string_view text, JsonShape shape = {});

// One step of a JSON pointer, escaped; names are hostile and may be cut.
std::string PointerStep(std::string_view name);
std::string PointerStep(std::size_t index);

}  // namespace hullmark
