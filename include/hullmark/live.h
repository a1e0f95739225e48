// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hullmark/check.h"
#include "hullmark/ids.h"

namespace hullmark {

// What a process was found to fail as it executed a program.
struct LiveViolation {
  std::string control{};  // Its id.
  Severity severity = Severity::kInfo;
  std::string fact{};  // The first line of proof.
};

// A process of a container that began to run a program, told as it happened. Owns its texts, which
// may be hostile.
struct LiveExec {
  Timestamp at{};
  std::string container_id{}, container{};  // The name; "" when nothing names it.
  std::int32_t pid = 0;
  std::uint32_t uid = 0;                    // Effective, as the host counts.
  std::string executable{};                 // The last part of its path.
  bool joined = false;                      // As Member.
  std::vector<LiveViolation> violations{};  // That its container was not known to have.
};

}  // namespace hullmark
