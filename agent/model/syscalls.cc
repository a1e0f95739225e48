// SPDX-License-Identifier: Apache-2.0
#include "hullmark/syscalls.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/model/syscall_table.h"

namespace hullmark {
namespace {

constexpr std::array<std::string_view, 2> kMachineNames = {"x86_64", "aarch64"};
constexpr std::array<std::string_view, kAbis> kAbiNames = {"x86_64", "x32", "i386", "aarch64",
                                                           "arm"};
constexpr std::array kAbisOfX86 = {Abi::kX86_64, Abi::kI386, Abi::kX32};
constexpr std::array kAbisOfArm = {Abi::kAarch64, Abi::kArm};

// EM_* of linux/elf-em.h with __AUDIT_ARCH_64BIT and __AUDIT_ARCH_LE of linux/audit.h.
constexpr std::array<std::uint32_t, kAbis> kAuditArchs = {0xC000003E, 0xC000003E, 0x40000003,
                                                          0xC00000B7, 0x40000028};

constexpr std::uint32_t kFirstOfArmsOwn = 0x0F0000;  // __ARM_NR_BASE

std::uint32_t BitsOf(Abi abi) { return abi == Abi::kX32 ? kX32Bit : 0; }

}  // namespace

std::span<const Abi> AbisOf(Machine machine) {
  if (machine == Machine::kX86_64) return kAbisOfX86;
  return kAbisOfArm;
}

std::uint32_t AuditArchOf(Abi abi) { return kAuditArchs[std::to_underlying(abi)]; }

std::optional<std::uint32_t> NumberOf(Abi abi, std::string_view call) {
  const std::span<const SyscallRow> rows = SyscallRows();
  const auto row = std::ranges::lower_bound(rows, call, {}, &SyscallRow::name);
  if (row == rows.end() || row->name != call) return std::nullopt;
  const std::uint32_t number = row->numbers[std::to_underlying(abi)];
  if (number == kNoNumber) return std::nullopt;
  return number | BitsOf(abi);
}

std::string_view CallOf(Abi abi, std::uint32_t number) {
  if ((number & kX32Bit) != BitsOf(abi)) return {};
  const auto number_of = [&](const SyscallRow& row) {
    return row.numbers[std::to_underlying(abi)];
  };
  const std::span<const SyscallRow> rows = SyscallRows();
  const auto row = std::ranges::find(rows, number & ~BitsOf(abi), number_of);
  return row == rows.end() ? std::string_view{} : row->name;
}

std::span<const std::string_view> Calls() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> all;
    for (const SyscallRow& row : SyscallRows()) all.push_back(row.name);
    return all;
  }();
  return names;
}

std::uint32_t LastNumberOf(Abi abi) {
  std::uint32_t last = 0;
  for (const SyscallRow& row : SyscallRows()) {
    const std::uint32_t number = row.numbers[std::to_underlying(abi)];
    if (number < kFirstOfArmsOwn) last = std::max(last, number);
  }
  return last;
}

std::string_view NameOf(Machine machine) { return kMachineNames[std::to_underlying(machine)]; }
std::string_view NameOf(Abi abi) { return kAbiNames[std::to_underlying(abi)]; }

std::optional<Machine> MachineOfName(std::string_view name) {
  const auto at = std::ranges::find(kMachineNames, name);
  if (at == kMachineNames.end()) return std::nullopt;
  return static_cast<Machine>(at - kMachineNames.begin());
}

}  // namespace hullmark
