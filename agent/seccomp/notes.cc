// SPDX-License-Identifier: Apache-2.0
#include "agent/seccomp/notes.h"

#include <linux/seccomp.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>

#include "agent/seccomp/interpreter.h"
#include "agent/seccomp/program.h"
#include "agent/seccomp/table.h"
#include "hullmark/seccomp.h"
#include "hullmark/snapshot.h"
#include "hullmark/syscalls.h"

namespace hullmark {
namespace {

constexpr std::uint32_t kWordBits = 64;
constexpr std::size_t kMostWords = 64;  // Of notes: kernels have some 500 calls.

bool IsNoted(const PermittedNumbers& permitted, std::uint32_t number) {
  return (permitted[number / kWordBits] >> number % kWordBits & 1) != 0;
}

// Numbers from here on are all set: there are no more calls, or all of them are permitted.
std::uint32_t EndOfNotes(const PermittedNumbers& permitted) {
  auto end = static_cast<std::uint32_t>(std::min(permitted.size(), kMostWords)) * kWordBits;
  while (end > 0 && IsNoted(permitted, end - 1)) --end;
  return end;
}

// No filter is asked about these two of x86_64, see seccomp_is_const_allow() of Linux 6.14.
bool IsExempt(std::uint32_t arch, std::uint32_t number) {
  constexpr std::uint32_t kUretprobe = 335;
  constexpr std::uint32_t kUprobe = 336;
  return arch == AuditArchOf(Abi::kX86_64) && (number == kUretprobe || number == kUprobe);
}

}  // namespace

std::uint32_t CompatArchOf(Machine machine) {
  return AuditArchOf(machine == Machine::kX86_64 ? Abi::kI386 : Abi::kArm);
}

std::optional<std::uint32_t> FirstDisagreement(std::span<const FilterProgram* const> filters,
                                               std::uint32_t arch,
                                               const PermittedNumbers& permitted) {
  const std::uint32_t end = EndOfNotes(permitted);
  for (std::uint32_t number = 0; number < end; ++number) {
    const bool expected = std::ranges::all_of(filters, [&](const FilterProgram* filter) {
      return IsCachedAsAllowed(*filter, arch, number);
    });
    if (expected != IsNoted(permitted, number) && !IsExempt(arch, number)) return number;
  }
  return std::nullopt;
}

ArchRules RulesOfNotes(std::uint32_t arch, const PermittedNumbers& permitted) {
  RangeTable table(arch);
  const std::uint32_t end = EndOfNotes(permitted);
  for (std::uint32_t number = 0; number < end; ++number) {
    table.Add({.first = number, .last = number}, IsNoted(permitted, number)
                                                     ? CallRules{{.answer = SECCOMP_RET_ALLOW}}
                                                     : UnknownRules());
  }
  table.Add({.first = end, .last = std::numeric_limits<std::uint32_t>::max()}, UnknownRules());
  return std::move(table).Close();
}

}  // namespace hullmark
