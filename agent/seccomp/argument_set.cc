// SPDX-License-Identifier: Apache-2.0
#include "agent/seccomp/argument_set.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "hullmark/seccomp.h"
#include "hullmark/seccomp_profile.h"

namespace hullmark {
namespace {

using Operator = ProfileArgument::Operator;
using Relation = WordTest::Relation;

constexpr unsigned kWordBits = 32;
constexpr std::uint32_t kLastWord = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t kLast = std::numeric_limits<std::uint64_t>::max();

bool IsHigh(const WordTest& test) { return test.word % 2 != 0; }
bool IsWhole(const WordTest& test) { return test.mask == kLastWord; }

// A bit that is not 0 is 1.
std::optional<std::uint32_t> BitsOf(const WordTest& test) {
  if (test.relation == Relation::kEqual) return test.value;
  const bool one = test.relation == Relation::kNotEqual && std::has_single_bit(test.mask);
  if (!one || (test.value != 0 && test.value != test.mask)) return std::nullopt;
  return test.value ^ test.mask;
}

}  // namespace

std::optional<ArgumentSet> ArgumentSet::OfBits(std::span<const WordTest> tests) {
  ArgumentSet set;
  set.mask_ = 0;
  for (const WordTest& test : tests) {
    const auto bits = BitsOf(test);
    if (!bits) return std::nullopt;
    const unsigned shift = IsHigh(test) ? kWordBits : 0;
    const std::uint64_t mask = std::uint64_t{test.mask} << shift;
    const std::uint64_t value = std::uint64_t{*bits} << shift;
    const bool possible = (value & ~mask) == 0 && ((set.value_ ^ value) & *set.mask_ & mask) == 0;
    if (!possible) return ArgumentSet();
    set.mask_ = *set.mask_ | mask;
    set.value_ |= value;
  }
  return set;
}

// Of the tests of one word, which look at all of it.
ArgumentSet::Intervals ArgumentSet::OfWord(std::span<const WordTest> tests, bool high) {
  std::uint64_t first = 0;
  std::uint64_t last = kLastWord;
  std::vector<std::uint64_t> holes;
  for (const WordTest& test : tests) {
    if (IsHigh(test) != high) continue;
    if (test.relation == Relation::kNotEqual) holes.push_back(test.value);
    if (test.relation == Relation::kEqual) first = std::max<std::uint64_t>(first, test.value);
    if (test.relation == Relation::kEqual || test.relation == Relation::kAtMost) {
      last = std::min<std::uint64_t>(last, test.value);
    }
    if (test.relation == Relation::kAbove) {
      first = std::max<std::uint64_t>(first, std::uint64_t{test.value} + 1);
    }
  }
  std::ranges::sort(holes);
  Intervals intervals;
  for (const std::uint64_t hole : holes) {
    if (hole < first || hole > last) continue;
    if (hole > first) intervals.push_back({.first = first, .last = hole - 1});
    first = hole + 1;
  }
  if (first <= last) intervals.push_back({.first = first, .last = last});
  return intervals;
}

ArgumentSet::Intervals ArgumentSet::Joined(Intervals intervals) {
  std::ranges::sort(intervals, {}, &Interval::first);
  Intervals joined;
  for (const Interval& each : intervals) {
    const bool meets =
        !joined.empty() && (joined.back().last == kLast || each.first <= joined.back().last + 1);
    if (meets) {
      joined.back().last = std::max(joined.back().last, each.last);
    } else {
      joined.push_back(each);
    }
  }
  return joined;
}

std::optional<ArgumentSet> ArgumentSet::Of(std::span<const WordTest> tests, ArgumentWidth width) {
  std::vector<WordTest> looked(tests.begin(), tests.end());
  if (width == ArgumentWidth::k32) {  // The upper half is 0.
    if (!std::ranges::all_of(tests,
                             [](const WordTest& it) { return !IsHigh(it) || Holds(it, 0); })) {
      return ArgumentSet();
    }
    std::erase_if(looked, IsHigh);
  }
  if (!std::ranges::all_of(looked, IsWhole)) return OfBits(looked);
  const Intervals low = OfWord(looked, false);
  const Intervals all = {{.first = 0, .last = kLastWord}};
  ArgumentSet set;
  if (width == ArgumentWidth::k32) {
    set.intervals_ = low;
    // Up to the last one, whatever the width; but for what is one value.
    const bool to_the_end = !low.empty() && low.back().last == kLastWord;
    if (to_the_end && low.back().first != kLastWord) set.intervals_.back().last = kLast;
    return set;
  }
  for (const Interval& high : OfWord(looked, true)) {
    if (low != all && high.first != high.last) return std::nullopt;
    for (const Interval& each : low) {
      set.intervals_.push_back({.first = high.first << kWordBits | each.first,
                                .last = high.last << kWordBits | each.last});
    }
  }
  set.intervals_ = Joined(std::move(set.intervals_));
  return set;
}

bool ArgumentSet::IsAll() const {
  return mask_ ? *mask_ == 0 : intervals_ == Intervals{{.first = 0, .last = kLast}};
}

std::optional<ArgumentSet> ArgumentSet::With(const ArgumentSet& other) const {
  if (*this == other || other.IsEmpty()) return *this;
  if (IsEmpty()) return other;
  if (mask_ || other.mask_) return std::nullopt;
  ArgumentSet both;
  both.intervals_ = intervals_;
  both.intervals_.insert(both.intervals_.end(), other.intervals_.begin(), other.intervals_.end());
  both.intervals_ = Joined(std::move(both.intervals_));
  return both;
}

std::vector<ProfileArgument> ArgumentSet::Conditions(std::uint8_t index) const {
  const auto one = [&](Operator is, std::uint64_t value) {
    return std::vector<ProfileArgument>{{.index = index, .is = is, .value = value}};
  };
  if (mask_) {
    if (*mask_ == kLast) return one(Operator::kEqual, value_);
    return {{.index = index, .is = Operator::kMaskedEqual, .mask = *mask_, .value = value_}};
  }
  if (intervals_.empty()) return {};
  const Interval& front = intervals_.front();
  const Interval& back = intervals_.back();
  const bool to_both_ends = front.first == 0 && back.last == kLast;
  if (intervals_.size() == 2 && to_both_ends && front.last + 2 == back.first) {
    return one(Operator::kNotEqual, front.last + 1);
  }
  if (std::ranges::all_of(intervals_, [](const Interval& it) { return it.first == it.last; })) {
    std::vector<ProfileArgument> values;
    for (const Interval& each : intervals_) {
      values.push_back({.index = index, .is = Operator::kEqual, .value = each.first});
    }
    return values;
  }
  if (intervals_.size() != 1) return {};
  if (front.first == 0) return one(Operator::kAtMost, front.last);
  if (front.last == kLast) return one(Operator::kAbove, front.first - 1);
  return {};
}

}  // namespace hullmark
