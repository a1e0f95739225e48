// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace hullmark {

// Whether `path` is `top` or lies below it, by whole components.
constexpr bool Covers(std::string_view top, std::string_view path) {
  if (top == "/") return true;
  return path.starts_with(top) && (path.size() == top.size() || path[top.size()] == '/');
}

}  // namespace hullmark
