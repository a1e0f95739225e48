// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/benchmark/fields.h"
#include "agent/benchmark/yaml_tree.h"
#include "hullmark/check.h"
#include "hullmark/selector.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// Values of the site's files. As those of agent/benchmark/fields.h they complain and give a
// default; null means that somebody has complained already.

// One of `words`, which may be one that YAML takes for a truth value ("off"); its position.
std::size_t ReadWord(const YamlNode* node, std::span<const std::string_view> words,
                     FieldReader& reading);

// An absolute path.
std::string ReadPath(const YamlNode* node, FieldReader& reading);
// As ReadPath, or "".
std::string ReadPathOrNone(const YamlNode* node, FieldReader& reading);

std::chrono::milliseconds ReadDuration(const YamlNode* node, std::chrono::milliseconds least,
                                       std::chrono::milliseconds most, FieldReader& reading);
std::uint64_t ReadSize(const YamlNode* node, std::uint64_t least, std::uint64_t most,
                       FieldReader& reading);

Severity ReadSeverity(const YamlNode* node, FieldReader& reading);

// Different classes of containers, one at least.
std::vector<ContainerClass> ReadClasses(const YamlNode* node, FieldReader& reading);

// A text or a list of texts.
std::vector<std::string> ReadOneOrMore(const YamlNode* node, FieldReader& reading);

// A mapping of a selector's keys, which may be empty.
Selector ReadSelector(const YamlNode* node, FieldReader& reading);

}  // namespace hullmark
