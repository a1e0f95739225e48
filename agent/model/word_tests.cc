// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "hullmark/seccomp.h"

namespace hullmark {
namespace {

using Relation = WordTest::Relation;

constexpr int kBits = 32;
constexpr std::size_t kMostTests = 64;    // Of one word: a bit each.
constexpr std::size_t kMostTries = 4096;  // Most words are found, or seen not to exist, within 100.

// Looks for a word that meets all tests, bit by bit from the highest. A test is then still even
// with its value, or a higher bit has decided that it holds. What is found depends on nothing else,
// so that no dead end is entered twice.
class Search {
 public:
  explicit Search(std::span<const WordTest> tests) : tests_(tests) {}

  // False: there is none. nullopt: not found in time.
  std::optional<bool> Run();
  std::uint32_t word() const { return word_; }

 private:
  using Decided = std::uint64_t;  // A bit per test.

  bool Descend(int bit, Decided decided);
  std::optional<Decided> Decide(int bit, bool one, Decided decided) const;

  std::span<const WordTest> tests_;
  std::set<std::pair<int, Decided>> dead_ends_;
  std::size_t tries_ = 0;
  std::uint32_t word_ = 0;
};

// Whether a test holds whose first uneven bit is one in the word (or else in the value).
bool HoldsWhenUneven(Relation relation, bool above) {
  switch (relation) {
    case Relation::kEqual:
      return false;
    case Relation::kNotEqual:
      return true;
    case Relation::kAbove:
      return above;
    case Relation::kAtMost:
      return !above;
  }
  std::unreachable();
}

// Whether a test that is even down to a bit may hold yet by what is below.
bool MayHoldWhenEven(const WordTest& test, int bit) {
  const std::uint32_t below = (1U << bit) - 1;
  switch (test.relation) {
    case Relation::kEqual:
    case Relation::kAtMost:
      return true;
    case Relation::kNotEqual:
      return ((test.mask | test.value) & below) != 0;
    case Relation::kAbove:
      return (test.mask & ~test.value & below) != 0;
  }
  std::unreachable();
}

// What is decided once the word has that bit; nullopt where a test fails then.
std::optional<Search::Decided> Search::Decide(int bit, bool one, Decided decided) const {
  for (std::size_t at = 0; at < tests_.size(); ++at) {
    if ((decided >> at & 1) != 0) continue;
    const bool mine = one && (tests_[at].mask >> bit & 1) != 0;
    const bool wanted = (tests_[at].value >> bit & 1) != 0;
    if (mine == wanted && !MayHoldWhenEven(tests_[at], bit)) return std::nullopt;
    if (mine == wanted) continue;
    if (!HoldsWhenUneven(tests_[at].relation, mine)) return std::nullopt;
    decided |= Decided{1} << at;
  }
  return decided;
}

bool Search::Descend(int bit, Decided decided) {  // NOLINT(misc-no-recursion): 32 deep.
  if (bit < 0) return true;
  if (tries_ == kMostTries || dead_ends_.contains({bit, decided})) return false;
  ++tries_;
  for (const bool one : {false, true}) {
    const std::optional<Decided> next = Decide(bit, one, decided);
    if (!next || !Descend(bit - 1, *next)) continue;
    if (one) word_ |= 1U << bit;
    return true;
  }
  dead_ends_.emplace(bit, decided);
  return false;
}

std::optional<bool> Search::Run() {
  if (tests_.size() > kMostTests) return std::nullopt;
  if (Descend(kBits - 1, 0)) return true;
  if (tries_ == kMostTries) return std::nullopt;
  return false;
}

std::vector<WordTest> TestsOf(std::span<const WordTest> tests, std::size_t word) {
  std::vector<WordTest> own;
  for (const WordTest& test : tests) {
    if (test.word == word) own.push_back(test);
  }
  return own;
}

// As CanAllHold, with the words where they can.
std::optional<bool> Find(std::span<const WordTest> tests, std::span<std::uint32_t> words) {
  bool told = true;
  for (std::size_t word = 0; word < words.size(); ++word) {
    const std::vector<WordTest> own = TestsOf(tests, word);
    if (own.empty()) {
      words[word] = 0;  // Any will do.
      continue;
    }
    Search search(own);
    const std::optional<bool> found = search.Run();
    if (found == false) return false;
    told = told && found;
    words[word] = search.word();
  }
  if (!told) return std::nullopt;
  return true;
}

}  // namespace

bool Holds(const WordTest& test, std::uint32_t word) {
  const std::uint32_t masked = word & test.mask;
  switch (test.relation) {
    case Relation::kEqual:
      return masked == test.value;
    case Relation::kNotEqual:
      return masked != test.value;
    case Relation::kAbove:
      return masked > test.value;
    case Relation::kAtMost:
      return masked <= test.value;
  }
  std::unreachable();
}

WordTest Opposite(WordTest test) {
  constexpr std::array kOpposites = {Relation::kNotEqual, Relation::kEqual, Relation::kAtMost,
                                     Relation::kAbove};
  test.relation = kOpposites[std::to_underlying(test.relation)];
  return test;
}

std::optional<bool> CanAllHold(std::span<const WordTest> tests) {
  std::array<std::uint32_t, kTestedWords> words{};
  return Find(tests, words);
}

std::vector<std::uint32_t> Example(std::span<const WordTest> tests) {
  std::vector<std::uint32_t> words(kTestedWords, 0);
  if (Find(tests, words) != true) return {};
  return words;
}

}  // namespace hullmark
