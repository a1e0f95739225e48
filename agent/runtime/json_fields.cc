// SPDX-License-Identifier: Apache-2.0
#include "agent/runtime/json_fields.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "agent/parse/cut.h"
#include "hullmark/result.h"

namespace hullmark::runtime {
namespace {

using Json = nlohmann::json;

// Keeps the values at the wanted places while the parser walks over the text; never builds a tree.
class Picker {
 public:
  Picker(std::span<const std::string_view> wanted, const JsonFields::LabelsAt& labels)
      : labels_at_(KeysOf(labels.place)), label_keys_(labels.keys) {
    for (const std::string_view place : wanted) wanted_.push_back(KeysOf(place));
  }

  // NOLINTBEGIN(readability-identifier-naming): the parser calls them so.
  bool null() { return Step(); }
  bool boolean(bool value) { return Keep(value); }
  bool number_integer(Json::number_integer_t value) { return Keep(std::int64_t{value}); }
  bool number_unsigned(Json::number_unsigned_t value) {
    constexpr auto kMost =
        static_cast<Json::number_unsigned_t>(std::numeric_limits<std::int64_t>::max());
    return value > kMost ? Step() : Keep(static_cast<std::int64_t>(value));
  }
  bool number_float(Json::number_float_t, const Json::string_t&) { return Step(); }
  bool string(Json::string_t& value) {
    KeepLabel(value);
    return Keep(std::move(value));
  }
  bool binary(Json::binary_t&) { return false; }
  bool start_object(std::size_t) { return Enter(false); }
  bool start_array(std::size_t) { return Enter(true); }
  bool end_object() { return Leave(); }
  bool end_array() { return Leave(); }
  bool key(Json::string_t& name) {
    path_.back().key = std::move(name);
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const Json::exception&) { return false; }
  // NOLINTEND(readability-identifier-naming)

  JsonFields::Values TakeValues() { return std::move(values_); }
  JsonFields::Labels TakeLabels() { return std::move(labels_); }

 private:
  using Keys = std::vector<std::string_view>;

  struct Level {
    std::string key;  // In an array: the index.
    bool array = false;
    std::size_t index = 0;
  };

  static Keys KeysOf(std::string_view place) {
    Keys keys;
    while (true) {
      const bool last = !place.contains('>');
      keys.push_back(Cut(place, '>'));
      if (last) return keys;
    }
  }

  bool Enter(bool array) {
    if (path_.size() >= JsonFields::kMostDepth) return false;
    path_.push_back({.key = array ? "0" : "", .array = array, .index = 0});
    return true;
  }
  bool Leave() {
    path_.pop_back();
    return Step();
  }
  bool Step() {
    if (!path_.empty() && path_.back().array) {
      path_.back().key = std::to_string(++path_.back().index);
    }
    return true;
  }

  [[nodiscard]] bool IsWanted() const {
    return std::ranges::any_of(wanted_, [this](const Keys& keys) {
      return std::ranges::equal(keys, path_, [](std::string_view want, const Level& level) {
        return want == "*" || want == level.key;
      });
    });
  }

  bool Keep(JsonFields::Value value) {
    if (IsWanted()) {
      std::string place;
      for (const auto& level : path_) {
        if (&level != &path_.front()) place += '>';
        place += level.key;
      }
      values_.insert_or_assign(std::move(place), std::move(value));
    }
    return Step();
  }

  void KeepLabel(std::string_view text) {
    if (label_keys_.empty() || path_.size() != labels_at_.size() + 1) return;
    if (!std::ranges::equal(labels_at_, path_ | std::views::take(labels_at_.size()), {}, {},
                            &Level::key)) {
      return;
    }
    std::string_view key = path_.back().key;
    if (path_.back().array) {
      if (!text.contains('=')) return;
      key = Cut(text, '=');
    }
    if (!std::ranges::binary_search(label_keys_, key)) return;
    labels_.insert_or_assign(std::string(key), std::string(CutName(text)));
  }

  std::vector<Keys> wanted_;
  Keys labels_at_;
  std::span<const std::string> label_keys_;
  std::vector<Level> path_;
  JsonFields::Values values_;
  JsonFields::Labels labels_;
};

template <typename T>
const T* Find(const JsonFields::Values& values, std::string_view place) {
  const auto found = values.find(place);
  return found == values.end() ? nullptr : std::get_if<T>(&found->second);
}

}  // namespace

Result<JsonFields> JsonFields::Parse(std::string_view text,
                                     std::span<const std::string_view> wanted,
                                     const LabelsAt& labels) {
  if (text.size() > kMostBytes) return Fail(ErrorCode::kTruncated, "is too long");
  Picker picker(wanted, labels);
  if (!Json::sax_parse(text.begin(), text.end(), &picker)) {
    return Fail(ErrorCode::kMalformed, "is not JSON, or too deep");
  }
  JsonFields fields;
  fields.values_ = picker.TakeValues();
  fields.labels_ = picker.TakeLabels();
  return fields;
}

std::optional<std::string_view> JsonFields::Text(std::string_view place) const {
  const auto* const text = Find<std::string>(values_, place);
  return text == nullptr ? std::nullopt : std::optional<std::string_view>(*text);
}

std::optional<std::int64_t> JsonFields::Number(std::string_view place) const {
  const auto* const number = Find<std::int64_t>(values_, place);
  return number == nullptr ? std::nullopt : std::optional(*number);
}

std::optional<bool> JsonFields::Flag(std::string_view place) const {
  const bool* const flag = Find<bool>(values_, place);
  return flag == nullptr ? std::nullopt : std::optional(*flag);
}

std::string_view CutName(std::string_view name) {
  constexpr std::size_t kMost = 256;
  if (name.size() <= kMost) return name;
  std::size_t end = kMost;
  while (end > kMost - 4 && (static_cast<unsigned char>(name[end]) & 0xc0U) == 0x80U) --end;
  return name.substr(0, end);
}

}  // namespace hullmark::runtime
