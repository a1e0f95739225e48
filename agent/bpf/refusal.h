// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "hullmark/result.h"

namespace hullmark {

// What decides whether the kernel takes a program of ours.
struct BpfRights {
  bool bpf = false, perfmon = false, admin = false;  // Our CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN.
  std::string lockdown{};  // "none", "integrity", "confidentiality"; "" where it cannot be read.
};
BpfRights OwnBpfRights();

// Why a call of libbpf ended with errno `error`, for people, with what would help; `log`: the
// verifier's words.
//   kDenied        a capability is missing; or a lockdown, a system call filter or a security
//   module
//                  forbids it
//   kUnsupported   the kernel refuses the program: its structures have other members
Error WhyRefused(int error, std::string_view log, const BpfRights& rights);

}  // namespace hullmark
