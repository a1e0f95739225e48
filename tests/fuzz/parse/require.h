// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "hullmark/result.h"

namespace hullmark {

// An invariant of a fuzz target; in every build type.
inline void Require(bool holds) {
  if (!holds) std::abort();
}

// The input as the parsers take it.
inline std::string_view TextOf(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

// Whether a parser said what it may say of any bytes: a value, or that they are malformed.
template <typename T>
bool Honest(const Fact<T>& fact) {
  return fact.has_value() || fact.error() == Fault{.code = ErrorCode::kMalformed};
}

}  // namespace hullmark
