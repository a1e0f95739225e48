// SPDX-License-Identifier: Apache-2.0
#include "agent/replay/json_tree.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "agent/encode/text.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostDepth = 32;  // Deeper than any document of ours.
constexpr std::size_t kMostNameBytes = 64;

// Builds the tree from the parser's calls; `false` stops the parser.
class Builder {
 public:
  explicit Builder(JsonShape shape) : shape_(shape) {}

  // What SAX parsers of nlohmann call; the names are theirs.
  // NOLINTBEGIN(readability-identifier-naming)
  bool null() { return Place({}); }
  bool boolean(bool value) { return Place({value}); }
  bool number_integer(std::int64_t value) { return Place({value}); }
  bool number_unsigned(std::uint64_t value) { return Place({value}); }
  bool number_float(double value, const std::string& /*text*/) {
    return Place({value}) && (shape_.fractions || Refuse("a number that is no 64-bit integer"));
  }
  bool string(std::string& value) { return Place({std::move(value)}); }
  bool binary(Json::binary_t& /*value*/) { return Refuse("binary"); }
  bool start_object(std::size_t /*size*/) { return Place({JsonValue::Object{}}); }
  bool start_array(std::size_t /*size*/) { return Place({JsonValue::Array{}}); }
  bool end_object() { return Leave(); }
  bool end_array() { return Leave(); }
  bool key(std::string& name) { return AddMember(std::move(name)); }
  bool parse_error(std::size_t byte, const std::string& /*token*/,
                   const Json::exception& /*error*/) {
    message_ = "byte " + std::to_string(byte) + ": no JSON from here on";
    return false;
  }
  // NOLINTEND(readability-identifier-naming)

  Result<JsonValue> Take(bool parsed) && {
    if (!parsed) return Fail(ErrorCode::kMalformed, std::move(message_));
    return std::move(root_);
  }

 private:
  bool Place(JsonValue value);
  bool AddMember(std::string name);
  bool Leave() {
    open_.pop_back();
    return true;
  }
  bool Refuse(std::string_view what);

  JsonShape shape_;
  JsonValue root_;
  std::vector<JsonValue*> open_;  // Stable: a container does not grow while a part of it is open.
  std::string message_;
};

bool Builder::Place(JsonValue value) {
  JsonValue* place = &root_;
  if (!open_.empty()) {
    if (auto* array = std::get_if<JsonValue::Array>(&open_.back()->value)) {
      place = &array->emplace_back();
    } else {
      place = &std::get<JsonValue::Object>(open_.back()->value).back().value;
    }
  }
  *place = std::move(value);
  const bool opens = std::holds_alternative<JsonValue::Array>(place->value) ||
                     std::holds_alternative<JsonValue::Object>(place->value);
  if (!opens) return true;
  open_.push_back(place);
  return open_.size() <= kMostDepth || Refuse("nested too deeply");
}

bool Builder::AddMember(std::string name) {
  auto& members = std::get<JsonValue::Object>(open_.back()->value);
  const bool repeated = FindMember(members, name) != nullptr;
  members.push_back({.name = std::move(name), .value = {}});
  if (repeated) return Refuse("stands here twice");
  return members.size() <= shape_.members ||
         Refuse("more members than any object of such a document");
}

// The place of a fault is the way from the root along what is open.
bool Builder::Refuse(std::string_view what) {
  for (const JsonValue* value : open_) {
    if (const auto* array = std::get_if<JsonValue::Array>(&value->value)) {
      if (!array->empty()) message_ += PointerStep(array->size() - 1);
    } else if (const auto& members = std::get<JsonValue::Object>(value->value); !members.empty()) {
      message_ += PointerStep(members.back().name);
    }
  }
  if (message_.empty()) message_ = "the document";
  message_ += ": ";
  message_ += what;
  return false;
}

}  // namespace

const JsonValue* FindMember(const JsonValue::Object& object, std::string_view name) {
  const auto member = std::ranges::find(object, name, &JsonMember::name);
  return member == object.end() ? nullptr : &member->value;
}

Result<JsonValue> ParseJson(std::string_view text, JsonShape shape) {
  Builder builder(shape);
  const bool parsed = Json::sax_parse(text, &builder);
  return std::move(builder).Take(parsed);
}

std::string PointerStep(std::string_view name) {
  std::string step = "/";
  for (const char byte : PrintableShort(name, kMostNameBytes)) {
    if (byte == '~') {
      step += "~0";
    } else if (byte == '/') {
      step += "~1";
    } else {
      step += byte;
    }
  }
  return step;
}

std::string PointerStep(std::size_t index) { return "/" + std::to_string(index); }

}  // namespace hullmark
