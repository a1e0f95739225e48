// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "hullmark/result.h"

namespace hullmark::runtime {

// The few values that a claim asks of a JSON file, by place: keys and array indices joined by '>',
// as "Config>Image" or "0>id"; and the labels that somebody asks for. Nothing else of the file is
// kept.
class JsonFields {
 public:
  using Value = std::variant<bool, std::int64_t, std::string>;
  using Values = std::map<std::string, Value, std::less<>>;
  using Labels = std::map<std::string, std::string, std::less<>>;

  // Texts by keys that somebody chose, so that '*' and '>' mean nothing in them: members of the
  // object at `place`, or items "key=value" of the list there. They are cut as names are.
  struct LabelsAt {
    std::string_view place;
    std::span<const std::string> keys;  // That are wanted, ascending.
  };

  // `wanted` are places; '*' stands for any key or index. kTruncated for a text above kMostBytes,
  // kMalformed for what is not JSON, not UTF-8 or nested deeper than kMostDepth.
  static Result<JsonFields> Parse(std::string_view text, std::span<const std::string_view> wanted,
                                  const LabelsAt& labels = {});

  std::optional<std::string_view> Text(std::string_view place) const;
  std::optional<std::int64_t> Number(std::string_view place) const;
  std::optional<bool> Flag(std::string_view place) const;
  const Values& values() const { return values_; }
  const Labels& labels() const { return labels_; }

  static constexpr std::size_t kMostBytes = 1U << 20;
  static constexpr std::size_t kMostDepth = 64;

 private:
  Values values_;
  Labels labels_;
};

// At most 256 bytes of what a claim says, cut between characters.
std::string_view CutName(std::string_view name);

}  // namespace hullmark::runtime
