// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "hullmark/check.h"

namespace hullmark::testing {

// A verdict in short, for comparison with literals: "pass", "unknown", "n/a", "fail" or, at a price
// other than the control's, "fail high/50"; a badness that is not whole follows: "fail *76".
inline std::string Say(const Verdict& verdict) {
  switch (verdict.outcome) {
    case Outcome::kNotApplicable:
      return "n/a";
    case Outcome::kPass:
      return "pass";
    case Outcome::kUnknown:
      return "unknown";
    case Outcome::kFail:
      break;
  }
  std::string text = "fail";
  if (verdict.price) {
    text += " " + std::string(NameOf(verdict.price->severity)) + "/" +
            std::to_string(verdict.price->weight);
  }
  if (verdict.badness != 1000) text += " *" + std::to_string(verdict.badness);
  return text;
}

}  // namespace hullmark::testing
