// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace hullmark {

enum class YamlKind : std::uint8_t { kNull, kPlain, kQuoted, kSequence, kMapping };

// A value of a YAML file as it was written: nothing is typed or resolved.
struct YamlNode {
  YamlKind kind = YamlKind::kNull;
  int line = 0;                    // From 1; of an entry of a mapping, its key's.
  std::string key;                 // Of an entry of a mapping.
  std::string text;                // Of a scalar; UTF-8 without control characters but tab and LF.
  std::vector<YamlNode> children;  // Items of a sequence or entries of a mapping, in file order.
};

// Why a file is no tree, and the line where that shows.
struct YamlProblem {
  int line = 1;
  std::string what;
};

// Parses the one document of a file that somebody may have written to hurt us: at most 1 MiB and 32
// levels. What needs more than its text is refused: anchors, aliases, tags, repeated keys, a second
// document, bytes that are no UTF-8.
std::expected<YamlNode, YamlProblem> ParseYaml(std::string_view text);

}  // namespace hullmark
