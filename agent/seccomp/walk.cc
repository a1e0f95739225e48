// SPDX-License-Identifier: Apache-2.0
#include "agent/seccomp/walk.h"

#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "agent/seccomp/interpreter.h"
#include "agent/seccomp/program.h"
#include "hullmark/seccomp.h"

namespace hullmark {
namespace {

using Relation = WordTest::Relation;

constexpr std::size_t kMostForks = 128;  // On one way.
constexpr std::size_t kMostRules = 512;  // Of one call.
constexpr std::size_t kMostStepsOfCall = 100'000;

// What is known of a register.
struct Value {
  enum class Kind : std::uint8_t {
    kConstant,  // `bits`.
    kNumber,    // The number of the call, which is one of several.
    kWord,      // The input's word `word`, as far as `bits` lets it through.
    kComputed,  // Anything.
  };

  Kind kind = Kind::kConstant;
  std::uint8_t word = 0;
  std::uint32_t bits = 0;
};

Value Constant(std::uint32_t bits) { return {.bits = bits}; }
constexpr Value kComputed = {.kind = Value::Kind::kComputed};

std::vector<WordTest> TestsOf(const std::vector<WordTest>& tests, std::uint8_t word) {
  std::vector<WordTest> own;
  std::ranges::copy_if(tests, std::back_inserter(own),
                       [&](const WordTest& each) { return each.word == word; });
  return own;
}

// A way through the program, up to an instruction.
struct Way {
  std::size_t at = 0;
  Value a, x;
  std::array<Value, BPF_MEMWORDS> scratch{};
  std::vector<WordTest> tests{};  // Taken so far.
  std::size_t forks = 0;
  bool certain = true;
};

class Walker {
 public:
  Walker(const FilterProgram& program, std::uint32_t arch, NumberRange range)
      : code_(program.instructions()), arch_(arch), range_(range) {}

  CallRules Follow(Way way);

  const std::optional<SplitAt>& split() const { return split_; }
  bool gave_up() const { return gave_up_; }
  std::size_t steps() const { return steps_; }

 private:
  using Ends = std::optional<CallRules>;  // nullopt: the way goes on.

  bool Stopped();
  Ends Step(Way& way);
  Ends Calculate(Way& way, const FilterInstruction& it);
  Ends Jump(Way& way, const FilterInstruction& it);
  CallRules Fork(const Way& way, const FilterInstruction& it, std::optional<WordTest> test);
  CallRules Take(Way way, std::size_t jump, const std::optional<WordTest>& test);
  CallRules Answer(const Way& way, const FilterInstruction& it);
  Value Load(const Way& way, const FilterInstruction& it) const;
  Value Input(std::uint32_t place) const;
  Value Masked(const Value& value, std::uint32_t mask);
  std::optional<bool> IsTaken(const FilterInstruction& it, const Value& a, std::uint32_t operand);
  void Require(const WordTest& test, CallRules& rules);
  std::optional<bool> CanAllHold(std::span<const WordTest> tests);
  void Split(std::uint32_t number) { split_ = split_.value_or(SplitAt{number}); }
  void SplitInHalves();

  std::span<const FilterInstruction> code_;
  std::uint32_t arch_;
  NumberRange range_;
  std::optional<SplitAt> split_{};
  bool gave_up_ = false;
  std::size_t steps_ = 0, rules_ = 0;
};

bool Walker::Stopped() {
  if (++steps_ > kMostStepsOfCall) gave_up_ = true;
  return gave_up_ || split_.has_value();
}

// A power of two parts them, so that what a mask lets through parts as well.
void Walker::SplitInHalves() {
  const std::uint32_t uneven = range_.first ^ range_.last;
  Split(range_.last & ~(std::bit_floor(uneven) - 1));
}

Value Walker::Input(std::uint32_t place) const {
  if (place == FilterInput::kArch) return Constant(arch_);
  if (place == FilterInput::kNumber) {
    if (range_.first == range_.last) return Constant(range_.first);
    return {.kind = Value::Kind::kNumber};
  }
  std::uint8_t word = 0;
  while (FilterInput::PlaceOf(word) != place) ++word;
  return {.kind = Value::Kind::kWord, .word = word, .bits = ~0U};
}

Value Walker::Load(const Way& way, const FilterInstruction& it) const {
  switch (BPF_MODE(it.code)) {
    case BPF_ABS:
      return Input(it.constant / sizeof(std::uint32_t));
    case BPF_LEN:
      return Constant(sizeof(seccomp_data));
    case BPF_MEM:
      return way.scratch[it.constant];
    default:
      return Constant(it.constant);
  }
}

Value Walker::Masked(const Value& value, std::uint32_t mask) {
  switch (value.kind) {
    case Value::Kind::kConstant:
      return Constant(value.bits & mask);
    case Value::Kind::kWord:
      return {.kind = Value::Kind::kWord, .word = value.word, .bits = value.bits & mask};
    case Value::Kind::kNumber: {
      const std::uint32_t varying = (std::bit_floor(range_.first ^ range_.last) << 1U) - 1U;
      if ((varying & mask) != 0) SplitInHalves();
      return Constant(range_.first & mask);
    }
    case Value::Kind::kComputed:
      return mask == 0 ? Constant(0) : kComputed;
  }
  std::unreachable();
}

Walker::Ends Walker::Calculate(Way& way, const FilterInstruction& it) {
  const Value operand = BPF_SRC(it.code) == BPF_X ? way.x : Constant(it.constant);
  const bool known = operand.kind == Value::Kind::kConstant;
  const std::uint16_t operation = BPF_OP(it.code);
  if (operation == BPF_DIV && (!known || operand.bits == 0)) {
    if (known) return CallRules{{.answer = 0, .certain = way.certain}};
    gave_up_ = true;  // It may end here.
  } else if (operation == BPF_AND && known) {
    way.a = Masked(way.a, operand.bits);
  } else if (way.a.kind == Value::Kind::kConstant && (known || operation == BPF_NEG)) {
    way.a = Constant(Compute(it.code, way.a.bits, operand.bits));
  } else {
    const bool numbers = way.a.kind == Value::Kind::kNumber || operand.kind == Value::Kind::kNumber;
    if (numbers) SplitInHalves();
    way.a = kComputed;
  }
  return std::nullopt;
}

// Whether the jump is taken by every number of the range; parts the range where only some take it.
std::optional<bool> Walker::IsTaken(const FilterInstruction& it, const Value& a,
                                    std::uint32_t operand) {
  if (a.kind == Value::Kind::kConstant) return hullmark::IsTaken(it.code, a.bits, operand);
  if (a.kind != Value::Kind::kNumber) return std::nullopt;
  if (BPF_OP(it.code) == BPF_JSET) return Masked(a, operand).bits != 0;
  const bool first = hullmark::IsTaken(it.code, range_.first, operand);
  const bool last = hullmark::IsTaken(it.code, range_.last, operand);
  const bool within = range_.first < operand && operand < range_.last;
  if (first == last && (BPF_OP(it.code) != BPF_JEQ || !within)) return first;
  const bool from_next = BPF_OP(it.code) == BPF_JGT || operand == range_.first;
  Split(from_next ? operand + 1 : operand);
  return first;
}

// A jump on a word of the input as a test of it; nullopt where it is none.
std::optional<WordTest> TestOf(const FilterInstruction& it, const Value& a, std::uint32_t operand) {
  if (a.kind != Value::Kind::kWord) return std::nullopt;
  WordTest test = {.word = a.word, .mask = a.bits, .value = operand};
  switch (BPF_OP(it.code)) {
    case BPF_JEQ:
      return test;
    case BPF_JGT:
      test.relation = Relation::kAbove;
      return test;
    case BPF_JGE:
      test.relation = operand == 0 ? Relation::kAtMost : Relation::kAbove;
      test.value = operand - 1;  // At most all ones is always.
      return test;
    default:  // BPF_JSET
      return WordTest{
          .word = a.word, .relation = Relation::kNotEqual, .mask = a.bits & operand, .value = 0};
  }
}

Walker::Ends Walker::Jump(Way& way, const FilterInstruction& it) {
  if (BPF_OP(it.code) == BPF_JA) {
    way.at += it.constant;
    return std::nullopt;
  }
  const Value operand = BPF_SRC(it.code) == BPF_X ? way.x : Constant(it.constant);
  const bool known = operand.kind == Value::Kind::kConstant;
  if (operand.kind == Value::Kind::kNumber) SplitInHalves();
  if (way.a.kind == Value::Kind::kNumber && !known) SplitInHalves();
  if (split_) return CallRules{};
  const auto taken = known ? IsTaken(it, way.a, operand.bits) : std::nullopt;
  if (taken) {
    way.at += *taken ? it.jump_true : it.jump_false;
    return std::nullopt;
  }
  return Fork(way, it, known ? TestOf(it, way.a, operand.bits) : std::nullopt);
}

// Goes on with a test taken, where its word can meet it along with those before.
CallRules Walker::Take(Way way, std::size_t jump, const std::optional<WordTest>& test) {
  way.at += jump;
  ++way.forks;
  if (!test) return Follow(std::move(way));
  way.tests.push_back(*test);
  const std::optional<bool> possible = CanAllHold(TestsOf(way.tests, test->word));
  if (possible == false) return {};
  way.certain = way.certain && possible.has_value();
  return Follow(std::move(way));
}

// A search counts as the steps that take about as long.
std::optional<bool> Walker::CanAllHold(std::span<const WordTest> tests) {
  constexpr std::size_t kStepsOfTest = 10;
  steps_ += kStepsOfTest * (tests.size() + 1);
  if (Stopped()) return std::nullopt;
  return hullmark::CanAllHold(tests);
}

// Puts a test before rules, where it says more than they do.
void Walker::Require(const WordTest& test, CallRules& rules) {
  for (CallRule& rule : rules) {
    std::vector<WordTest> without = TestsOf(rule.when, test.word);
    without.push_back(Opposite(test));
    if (CanAllHold(without) != false) rule.when.insert(rule.when.begin(), test);
  }
}

CallRules Walker::Fork(const Way& way, const FilterInstruction& it, std::optional<WordTest> test) {
  if (way.forks == kMostForks) gave_up_ = true;
  if (gave_up_) return {};
  const auto otherwise = test ? std::optional(Opposite(*test)) : std::nullopt;
  CallRules rules = Take(way, it.jump_true, test);
  CallRules others = Take(way, it.jump_false, otherwise);
  if (rules.empty() || rules == others) return others;
  if (others.empty()) return rules;
  if (test) {
    Require(*test, rules);
    Require(*otherwise, others);
  }
  rules.insert(rules.end(), std::make_move_iterator(others.begin()),
               std::make_move_iterator(others.end()));
  for (CallRule& rule : rules) rule.certain = rule.certain && test.has_value();
  return rules;
}

CallRules Walker::Answer(const Way& way, const FilterInstruction& it) {
  if (++rules_ > kMostRules) gave_up_ = true;
  if (BPF_RVAL(it.code) != BPF_A) return {{.answer = it.constant, .certain = way.certain}};
  if (way.a.kind == Value::Kind::kNumber) SplitInHalves();
  if (way.a.kind != Value::Kind::kConstant) return UnknownRules();
  return {{.answer = way.a.bits, .certain = way.certain}};
}

Walker::Ends Walker::Step(Way& way) {
  const FilterInstruction& it = code_[way.at++];
  switch (BPF_CLASS(it.code)) {
    case BPF_LD:
      way.a = Load(way, it);
      return std::nullopt;
    case BPF_LDX:
      way.x = Load(way, it);
      return std::nullopt;
    case BPF_ST:
      way.scratch[it.constant] = way.a;
      return std::nullopt;
    case BPF_STX:
      way.scratch[it.constant] = way.x;
      return std::nullopt;
    case BPF_ALU:
      return Calculate(way, it);
    case BPF_JMP:
      return Jump(way, it);
    case BPF_MISC:
      (BPF_MISCOP(it.code) == BPF_TAX ? way.x : way.a) =
          BPF_MISCOP(it.code) == BPF_TAX ? way.a : way.x;
      return std::nullopt;
    default:  // BPF_RET
      return Answer(way, it);
  }
}

CallRules Walker::Follow(Way way) {  // NOLINT(misc-no-recursion): as deep as kMostForks.
  while (!Stopped()) {
    if (Ends ends = Step(way)) return *std::move(ends);
  }
  return {};
}

}  // namespace

std::variant<CallRules, SplitAt> Walk(const FilterProgram& program, std::uint32_t arch,
                                      NumberRange range, WalkBudget& budget) {
  Walker walker(program, arch, range);
  CallRules rules = walker.Follow({});
  budget.steps -= std::min(budget.steps, walker.steps());
  if (const std::optional<SplitAt>& split = walker.split()) return *split;
  if (walker.gave_up()) return UnknownRules();
  return rules;
}

}  // namespace hullmark
