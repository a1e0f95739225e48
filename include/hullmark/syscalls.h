// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace hullmark {

// What a kernel was built for, as uname(2) tells in `machine`.
enum class Machine : std::uint8_t { kX86_64, kAarch64 };

// A way to call a kernel: each has numbers of its own. A machine has several, and whoever may run a
// program may choose among those that its kernel serves.
enum class Abi : std::uint8_t { kX86_64, kX32, kI386, kAarch64, kArm };
inline constexpr std::size_t kAbis = 5;

// Those of a machine, its native one first.
std::span<const Abi> AbisOf(Machine machine);

// What a seccomp filter finds in `arch` of its seccomp_data: AUDIT_ARCH_* of linux/audit.h. x86_64
// and x32 have the same and are told apart by kX32Bit in the number.
std::uint32_t AuditArchOf(Abi abi);
inline constexpr std::uint32_t kX32Bit = 0x40000000;

// A system call's number as a filter finds it in `nr`; nullopt where the ABI has no such call.
std::optional<std::uint32_t> NumberOf(Abi abi, std::string_view call);

// The call behind a number; "" for one that no kernel known here has assigned.
std::string_view CallOf(Abi abi, std::uint32_t number);

// Every call of any ABI, in alphabetical order.
std::span<const std::string_view> Calls();

// The highest number that an ABI is known to have, without kX32Bit. Arm's calls of its own, from
// 0x0f0000, do not count.
std::uint32_t LastNumberOf(Abi abi);

std::string_view NameOf(Machine machine);
std::string_view NameOf(Abi abi);
std::optional<Machine> MachineOfName(std::string_view name);

}  // namespace hullmark
