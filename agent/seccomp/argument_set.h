// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "hullmark/seccomp.h"
#include "hullmark/seccomp_profile.h"

namespace hullmark {

// How many bits arguments have.
enum class ArgumentWidth : std::uint8_t { k64, k32 };

// Values of an argument: those that have some bits so, or those of some intervals.
class ArgumentSet {
 public:
  // Those that meet all tests, which are of the words of one argument. nullopt: they are neither.
  static std::optional<ArgumentSet> Of(std::span<const WordTest> tests, ArgumentWidth width);

  bool IsAll() const;
  bool IsEmpty() const { return !mask_ && intervals_.empty(); }

  // What is in either; nullopt: that is no such set.
  std::optional<ArgumentSet> With(const ArgumentSet& other) const;

  // Conditions of which any holds for these values alone; empty: runtimes have none for them.
  std::vector<ProfileArgument> Conditions(std::uint8_t index) const;

  friend bool operator==(const ArgumentSet&, const ArgumentSet&) = default;

 private:
  struct Interval {
    std::uint64_t first = 0, last = 0;
    friend bool operator==(const Interval&, const Interval&) = default;
  };
  using Intervals = std::vector<Interval>;  // Ascending, not adjacent.

  static std::optional<ArgumentSet> OfBits(std::span<const WordTest> tests);
  static Intervals OfWord(std::span<const WordTest> tests, bool high);
  static Intervals Joined(Intervals intervals);

  std::optional<std::uint64_t> mask_{};  // Of bits, that are as in `value_`.
  std::uint64_t value_ = 0;
  Intervals intervals_{};
};

}  // namespace hullmark
