// SPDX-License-Identifier: Apache-2.0
#include "hullmark/syscalls.h"

#include <gtest/gtest.h>
#include <seccomp.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace hullmark {
namespace {

constexpr std::array kAll = {Abi::kX86_64, Abi::kX32, Abi::kI386, Abi::kAarch64, Abi::kArm};
constexpr std::array<std::uint32_t, kAbis> kTokens = {
    SCMP_ARCH_X86_64, SCMP_ARCH_X32, SCMP_ARCH_X86, SCMP_ARCH_AARCH64, SCMP_ARCH_ARM};

// libseccomp has a table of its own. What it knows is known here too, by the same name.
TEST(Syscalls, HaveTheNumbersOfLibseccomp) {
  constexpr std::uint32_t kMost = 1000;
  struct Free {
    void operator()(char* text) const { std::free(text); }
  };
  for (const Abi abi : kAll) {
    std::uint32_t known = 0;
    for (std::uint32_t bare = 0; bare < kMost; ++bare) {
      const std::uint32_t number = abi == Abi::kX32 ? bare | kX32Bit : bare;
      const std::unique_ptr<char, Free> name(seccomp_syscall_resolve_num_arch(
          kTokens[std::to_underlying(abi)], static_cast<int>(number)));
      if (!name) continue;
      ++known;
      EXPECT_EQ(CallOf(abi, number), name.get()) << NameOf(abi) << " " << number;
      EXPECT_EQ(NumberOf(abi, name.get()), number) << NameOf(abi) << " " << name.get();
    }
    EXPECT_GT(known, 300U) << NameOf(abi);
  }
}

TEST(Syscalls, AreOnePerNumberAndSorted) {
  EXPECT_TRUE(std::ranges::is_sorted(Calls()));
  for (const Abi abi : kAll) {
    std::set<std::uint32_t> numbers;
    for (const std::string_view call : Calls()) {
      const std::optional<std::uint32_t> number = NumberOf(abi, call);
      if (!number) continue;
      EXPECT_TRUE(numbers.insert(*number).second) << NameOf(abi) << " " << *number;
      EXPECT_EQ(CallOf(abi, *number), call);
    }
  }
}

TEST(Syscalls, NewerThanLibseccompAreKnown) {
  EXPECT_EQ(NumberOf(Abi::kX86_64, "setxattrat"), 463U);
  EXPECT_EQ(NumberOf(Abi::kArm, "open_tree_attr"), 467U);
  EXPECT_EQ(NumberOf(Abi::kX86_64, "uprobe"), 336U);
  EXPECT_EQ(NumberOf(Abi::kI386, "uprobe"), std::nullopt);
  EXPECT_EQ(LastNumberOf(Abi::kX86_64), 470U);
  EXPECT_EQ(LastNumberOf(Abi::kX32), 547U);
  EXPECT_EQ(LastNumberOf(Abi::kArm), 470U);
}

TEST(Syscalls, OfX32HaveTheirBit) {
  EXPECT_EQ(NumberOf(Abi::kX32, "read"), kX32Bit);
  EXPECT_EQ(CallOf(Abi::kX32, 0), "");
  EXPECT_EQ(CallOf(Abi::kX86_64, kX32Bit), "");
  EXPECT_EQ(CallOf(Abi::kX32, kX32Bit | 520), "execve");
}

TEST(Syscalls, ThatNobodyHasHaveNoName) {
  EXPECT_EQ(CallOf(Abi::kX86_64, 1000), "");
  EXPECT_EQ(CallOf(Abi::kX86_64, ~0U), "");
  EXPECT_EQ(NumberOf(Abi::kX86_64, "umount"), std::nullopt);
  EXPECT_EQ(NumberOf(Abi::kX86_64, ""), std::nullopt);
  EXPECT_EQ(NumberOf(Abi::kAarch64, "chmod"), std::nullopt);
}

TEST(Syscalls, AreCalledInTheWaysOfTheMachine) {
  const auto x86 = AbisOf(Machine::kX86_64);
  EXPECT_EQ(std::vector(x86.begin(), x86.end()),
            (std::vector{Abi::kX86_64, Abi::kI386, Abi::kX32}));
  EXPECT_EQ(AbisOf(Machine::kAarch64).front(), Abi::kAarch64);
  EXPECT_EQ(AuditArchOf(Abi::kX32), AuditArchOf(Abi::kX86_64));
  for (const Abi abi : kAll) {
    if (abi == Abi::kX32) continue;
    EXPECT_EQ(AuditArchOf(abi), kTokens[std::to_underlying(abi)])
        << "libseccomp's tokens are these";
  }
  EXPECT_EQ(MachineOfName("aarch64"), Machine::kAarch64);
  EXPECT_EQ(MachineOfName("riscv64"), std::nullopt);
}

}  // namespace
}  // namespace hullmark
