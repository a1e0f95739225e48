// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hullmark/result.h"

namespace hullmark {

// Logic over facts that may be missing (Kleene): what is known decides where it can; else the first
// fault remains.

inline Fact<bool> Both(const Fact<bool>& a, const Fact<bool>& b) {
  if ((a && !*a) || (b && !*b)) return false;
  if (!a) return a;
  return b;
}

inline Fact<bool> Either(const Fact<bool>& a, const Fact<bool>& b) {
  if ((a && *a) || (b && *b)) return true;
  if (!a) return a;
  return b;
}

// For files whose absence means that the feature is off.
inline Fact<bool> FalseIfAbsent(const Fact<bool>& fact) {
  if (!fact && fact.error().code == ErrorCode::kNotFound) return false;
  return fact;
}

}  // namespace hullmark
