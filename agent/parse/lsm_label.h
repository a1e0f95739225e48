// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace hullmark {

// The text of /proc/PID/attr/current less the one newline (AppArmor) or NUL (SELinux) that ends it.
// Everything before belongs to the label, blanks and parentheses included.
std::string_view TrimLabel(std::string_view text);

}  // namespace hullmark
