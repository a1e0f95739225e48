// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hullmark/syscalls.h"

namespace hullmark {

// ---- what is installed ----

// An instruction of classic BPF: struct sock_filter of linux/filter.h.
struct FilterInstruction {
  std::uint16_t code = 0;
  std::uint8_t jump_true = 0, jump_false = 0;
  std::uint32_t constant = 0;

  friend bool operator==(const FilterInstruction&, const FilterInstruction&) = default;
};

// An instruction's eight bytes as a little-endian number.
constexpr std::uint64_t ToNumber(const FilterInstruction& it) {
  return std::uint64_t{it.code} | std::uint64_t{it.jump_true} << 16 |
         std::uint64_t{it.jump_false} << 24 | std::uint64_t{it.constant} << 32;
}
constexpr FilterInstruction ToInstruction(std::uint64_t number) {
  return {.code = static_cast<std::uint16_t>(number),
          .jump_true = static_cast<std::uint8_t>(number >> 16),
          .jump_false = static_cast<std::uint8_t>(number >> 24),
          .constant = static_cast<std::uint32_t>(number >> 32)};
}

inline constexpr std::size_t kMostFilterInstructions = 4096;  // BPF_MAXINSNS

// ---- what it answers ----

// What becomes of a call, the strictest first, see seccomp(2).
enum class FilterAction : std::uint8_t {
  kKillProcess,
  kKillThread,
  kTrap,
  kErrno,
  kNotify,  // A supervisor decides.
  kTrace,   // A tracer decides; without one ENOSYS.
  kLog,
  kAllow
};

// The action of an answer: SECCOMP_RET_* with data in the lower half. What the kernel does not know
// kills the process.
FilterAction ActionOf(std::uint32_t answer);

// The one of two filters' answers that the kernel goes by; `first`, of the newer filter, where they
// are as strict.
std::uint32_t StricterOf(std::uint32_t first, std::uint32_t second);

std::string_view NameOf(FilterAction action);

// "allow", "errno 38", "kill_thread"
std::string ToText(std::uint32_t answer);

// A test of one of the words that a filter can look at besides the number and the architecture.
struct WordTest {
  enum class Relation : std::uint8_t { kEqual, kNotEqual, kAbove, kAtMost };  // Unsigned.

  std::uint8_t word = 0;                 // Below 12: LowWord() or HighWord() of an argument.
  Relation relation = Relation::kEqual;  // Of (word & mask) to value.
  std::uint32_t mask = ~0U, value = 0;

  friend auto operator<=>(const WordTest&, const WordTest&) = default;
};

inline constexpr std::size_t kTestedWords = 14;  // 12 and 13: the instruction pointer.
constexpr std::uint8_t LowWord(int argument) { return static_cast<std::uint8_t>(2 * argument); }
constexpr std::uint8_t HighWord(int argument) {
  return static_cast<std::uint8_t>(2 * argument + 1);
}

bool Holds(const WordTest& test, std::uint32_t word);
WordTest Opposite(WordTest test);

// Whether some arguments meet all of the tests; nullopt where too many would have to be tried,
// which nobody's filter asks for by accident.
std::optional<bool> CanAllHold(std::span<const WordTest> tests);

// Arguments that meet all of them, by word; empty where there are none or none was found.
std::vector<std::uint32_t> Example(std::span<const WordTest> tests);

// Of a call: with arguments that meet all of `when` it is answered so.
struct CallRule {
  std::vector<WordTest> when{};
  std::uint32_t answer = 0;
  // Whether `when` is all that the filter asks for. If not, the answer is one of those possible.
  bool certain = true;

  friend auto operator<=>(const CallRule&, const CallRule&) = default;
};

// The rules of a call. No two hold at once if they are certain, and one always does.
using CallRules = std::vector<CallRule>;

// What is known of a call where nothing is: it may be permitted and it may be denied.
CallRules UnknownRules();

// The rules of all calls on one architecture.
struct ArchRules {
  // Numbers that have the same rules, a row of `distinct`.
  struct Range {
    std::uint32_t first = 0, last = 0;
    std::uint32_t row = 0;

    friend bool operator==(const Range&, const Range&) = default;
  };

  std::uint32_t arch = 0;       // AUDIT_ARCH_*
  std::vector<Range> ranges{};  // Ascending, from 0 to the highest number there is.
  std::vector<CallRules> distinct{};

  const CallRules& At(std::uint32_t number) const;
};

// What all filters of a task come to, for each architecture of its machine.
struct FilterRules {
  std::vector<ArchRules> archs{};

  // Of a number as it is in `nr`.
  const CallRules& At(Abi abi, std::uint32_t number) const;
};

// What arguments that meet a condition can bring about.
struct Permission {
  bool permits = false;  // Some certainly reach the kernel: allow, log or trace.
  bool denies = false;   // Some certainly do not: errno, trap, kill.
  bool untold = false;   // Of some it cannot be told, or a supervisor decides.

  friend bool operator==(const Permission&, const Permission&) = default;
};

Permission PermissionOf(const CallRules& rules, std::span<const WordTest> where = {});

}  // namespace hullmark
