// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/exact_json.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "agent/encode/json_writer.h"
#include "agent/replay/json_tree.h"
#include "agent/replay/scalars.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

const JsonValue kNull{};
const JsonValue::Array kNoItems{};

}  // namespace

void WriteExact(JsonWriter& json, std::string_view text) {
  if (IsUtf8(text)) {
    json.String(text);
  } else {
    json.BeginObject().Member("hex", HexOf(text)).EndObject();
  }
}

void WriteExact(JsonWriter& json, std::string_view key, std::string_view text) {
  WriteExact(json.Key(key), text);
}

void MemberReader::Refuse(std::string_view name, std::string_view why) {
  if (fault_) return;
  fault_ = Error{.code = ErrorCode::kMalformed,
                 .message = "member \"" + std::string(name) + "\" " + std::string(why)};
}

const JsonValue& MemberReader::Member(const JsonValue& object, std::string_view name) {
  const auto* const members = std::get_if<JsonValue::Object>(&object.value);
  const JsonValue* const member = members == nullptr ? nullptr : FindMember(*members, name);
  if (member == nullptr) Refuse(name, "is missing");
  return member == nullptr ? kNull : *member;
}

const JsonValue::Array& MemberReader::Items(const JsonValue& object, std::string_view name) {
  const auto* const items = std::get_if<JsonValue::Array>(&Member(object, name).value);
  if (items == nullptr) Refuse(name, "is no array");
  return items == nullptr ? kNoItems : *items;
}

std::string MemberReader::TextOf(const JsonValue& value, std::string_view name) {
  if (const auto* const text = std::get_if<std::string>(&value.value)) return *text;
  const auto* const members = std::get_if<JsonValue::Object>(&value.value);
  const JsonValue* const hex = members == nullptr ? nullptr : FindMember(*members, "hex");
  const auto* const digits = hex == nullptr ? nullptr : std::get_if<std::string>(&hex->value);
  auto bytes = digits == nullptr ? std::nullopt : BytesOfHex(*digits);
  if (!bytes) Refuse(name, "is no text");
  return std::move(bytes).value_or("");
}

std::string MemberReader::Text(const JsonValue& object, std::string_view name) {
  return TextOf(Member(object, name), name);
}

std::int64_t MemberReader::IntegerOf(const JsonValue& value, std::string_view name) {
  if (const auto* const negative = std::get_if<std::int64_t>(&value.value)) return *negative;
  const auto* const positive = std::get_if<std::uint64_t>(&value.value);
  if (positive != nullptr && std::in_range<std::int64_t>(*positive)) {
    return static_cast<std::int64_t>(*positive);
  }
  Refuse(name, "is no integer of 64 bits");
  return 0;
}

std::int64_t MemberReader::Integer(const JsonValue& object, std::string_view name) {
  return IntegerOf(Member(object, name), name);
}

std::uint64_t MemberReader::Unsigned(const JsonValue& object, std::string_view name,
                                     std::uint64_t most) {
  const auto* const number = std::get_if<std::uint64_t>(&Member(object, name).value);
  if (number != nullptr && *number <= most) return *number;
  Refuse(name, "is no number, or too large");
  return 0;
}

bool MemberReader::Flag(const JsonValue& object, std::string_view name) {
  const auto* const flag = std::get_if<bool>(&Member(object, name).value);
  if (flag == nullptr) Refuse(name, "is neither true nor false");
  return flag != nullptr && *flag;
}

bool MemberReader::IsNull(const JsonValue& object, std::string_view name) {
  return std::holds_alternative<std::monostate>(Member(object, name).value);
}

std::vector<std::string> MemberReader::Texts(const JsonValue& object, std::string_view name) {
  std::vector<std::string> texts;
  for (const JsonValue& item : Items(object, name)) texts.push_back(TextOf(item, name));
  return texts;
}

}  // namespace hullmark
