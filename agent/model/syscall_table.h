// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "hullmark/syscalls.h"

namespace hullmark {

// A system call and its number by Abi, x32's without kX32Bit; kNoNumber where it has none.
inline constexpr std::uint32_t kNoNumber = ~0U;
struct SyscallRow {
  std::string_view name;
  std::array<std::uint32_t, kAbis> numbers;
};

// Ascending by name. A call that a newer kernel has is added here; from 424 on all ABIs agree.
std::span<const SyscallRow> SyscallRows();

}  // namespace hullmark
