// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hullmark {

inline constexpr std::size_t kMostLabelBytes = 128;

// Hostile bytes as a label value: Printable(text), cut at a character after at most `most` bytes.
std::string LabelText(std::string_view text, std::size_t most = kMostLabelBytes);

// Appends `name="value"` with \, " and newline escaped, after a comma unless `out` is empty.
void AppendLabel(std::string& out, std::string_view name, std::string_view value);

}  // namespace hullmark
