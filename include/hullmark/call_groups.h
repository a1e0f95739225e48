// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hullmark/caps.h"
#include "hullmark/seccomp.h"
#include "hullmark/severity.h"

namespace hullmark {

// System calls as a benchmark speaks of them.

// A call, or some uses of it: "mount", "clone arg0 & 0x10000000".
struct CallUse {
  std::string text{};  // As the benchmark writes it.
  std::string call{};
  std::vector<std::vector<WordTest>> when{};  // Any of these; empty: whatever the arguments.
};

// What of a filter's rules concerns a use.
Permission PermissionOf(const CallRules& rules, const CallUse& use);

// A setting of the kernel, "kernel/modules_disabled", and what it is when a feature is off.
struct SwitchedOff {
  std::string setting{};
  std::int64_t value = 0;
};

// What a process has to have for a call to do anything.
struct CallNeeds {
  CapSet any{};                 // One of these; empty: nothing.
  bool user_namespace = false;  // In any user namespace, be it of the process' own making.
};

// Uses that endanger the host, or other containers, in the same way.
struct CallGroup {
  std::string name{}, reason{};
  Severity level = Severity::kInfo;
  CallNeeds needs{};
  std::vector<SwitchedOff> off{};  // Any of these suffices.
  std::vector<CallUse> calls{};
};

// Uses that have the same effect.
struct CallFamily {
  std::string name{};
  Severity level = Severity::kInfo;
  CallNeeds needs{};
  bool io_uring = false;         // A ring of io_uring(7) has the effect too.
  std::vector<CallUse> calls{};  // A denial of one means that the effect is not wanted.
  std::vector<CallUse> newer{};  // Programs go back to `calls` where these are denied.
};

}  // namespace hullmark
