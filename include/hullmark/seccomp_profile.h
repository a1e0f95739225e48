// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hullmark/syscalls.h"

namespace hullmark {

// What container runtimes are given to make filters of: linux.seccomp of the OCI runtime
// specification. Conditions are about whole arguments and cannot be as free as a filter's.

struct ProfileArgument {
  enum class Operator : std::uint8_t { kEqual, kNotEqual, kMaskedEqual, kAbove, kAtMost };

  std::uint8_t index = 0;
  Operator is = Operator::kEqual;
  std::uint64_t mask = ~std::uint64_t{0};  // Of kMaskedEqual; all bits for the others.
  std::uint64_t value = 0;

  friend auto operator<=>(const ProfileArgument&, const ProfileArgument&) = default;
};

// A call is answered so if its arguments meet all of `when`, which names each of them once.
struct ProfileRule {
  std::uint32_t answer = 0;  // SECCOMP_RET_* with its data.
  std::vector<ProfileArgument> when{};

  friend auto operator<=>(const ProfileRule&, const ProfileRule&) = default;
};

struct SeccompProfile {
  struct Entry {
    ProfileRule rule{};
    std::vector<std::string_view> calls{};  // In alphabetical order.
  };

  std::uint32_t default_answer = 0;
  std::vector<Abi> abis{};  // The native one first; who uses another is killed.
  std::vector<Entry> entries{};
  // Where it answers otherwise than what it was made of, in words.
  std::vector<std::string> departures{};
};

}  // namespace hullmark
