// SPDX-License-Identifier: Apache-2.0
#include "agent/evaluate/judge.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/evaluate/subject.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/report.h"

namespace hullmark {
namespace {

constexpr std::size_t kOutcomes = 4;
constexpr MilliPoints kWhole = 1000;  // Badness and unknown prices are thousandths of a weight.

Status StatusOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kNotApplicable:
      return Status::kNotApplicable;
    case Outcome::kPass:
      return Status::kPass;
    case Outcome::kUnknown:
      return Status::kUnknown;
    case Outcome::kFail:
      return Status::kFail;
  }
  std::unreachable();
}

// Verdicts on one control, taken in run by run.
class Tally {
 public:
  Tally(const Price& own, std::uint32_t most_examples) : own_(own), most_examples_(most_examples) {}

  // `verdict` is that of the tasks from `at` to before `end`.
  void Add(const Verdict& verdict, std::uint32_t at, std::uint32_t end) {
    const auto outcome = std::to_underlying(verdict.outcome);
    counts_[outcome] += end - at;
    if (verdict.outcome == Outcome::kFail) return AddFails(verdict, at, end);
    if (notes_[outcome].empty()) notes_[outcome] = verdict.note;
    if (verdict.outcome != Outcome::kUnknown) return;
    while (at < end && unknowns_.size() < most_examples_) unknowns_.push_back(at++);
  }

  [[nodiscard]] Judgement Close(std::int32_t unknown_permille) const;

 private:
  struct Example {
    MilliPoints cost;
    std::uint32_t at;
  };

  void AddFails(const Verdict& verdict, std::uint32_t at, std::uint32_t end);
  [[nodiscard]] bool AddExample(const Example& fail);
  [[nodiscard]] std::uint32_t Count(Outcome outcome) const {
    return counts_[std::to_underlying(outcome)];
  }
  [[nodiscard]] Outcome Worst() const;
  [[nodiscard]] std::vector<std::uint32_t> Examples(bool unknown_decides_price) const;

  Price own_;
  std::size_t most_examples_;
  std::array<std::uint32_t, kOutcomes> counts_ = {};
  std::array<std::string_view, kOutcomes> notes_;
  MilliPoints worst_cost_ = -1;
  Severity worst_severity_ = Severity::kInfo;
  bool fails_at_own_price_ = false;
  std::vector<Example> fails_;  // The costliest first, equal ones in order of `at`.
  std::vector<std::uint32_t> unknowns_;
};

void Tally::AddFails(const Verdict& verdict, std::uint32_t at, std::uint32_t end) {
  const Price price = verdict.price.value_or(own_);
  const MilliPoints cost =
      MilliPoints{price.weight} * std::min<MilliPoints>(verdict.badness, kWhole);
  fails_at_own_price_ = fails_at_own_price_ || !verdict.price;
  worst_severity_ = std::max(worst_severity_, price.severity);
  if (cost > worst_cost_) {
    worst_cost_ = cost;
    notes_[std::to_underlying(Outcome::kFail)] = verdict.note;
  }
  while (at < end && AddExample({.cost = cost, .at = at})) ++at;
}

// False: this one is not worth showing, nor are the rest of its run.
bool Tally::AddExample(const Example& fail) {
  if (most_examples_ == 0) return false;
  if (fails_.size() == most_examples_) {
    if (fails_.back().cost >= fail.cost) return false;
    fails_.pop_back();
  }
  const auto place =
      std::ranges::find_if(fails_, [&](const Example& e) { return e.cost < fail.cost; });
  fails_.insert(place, fail);
  return true;
}

Outcome Tally::Worst() const {
  for (const Outcome outcome : {Outcome::kFail, Outcome::kUnknown, Outcome::kPass}) {
    if (Count(outcome) > 0) return outcome;
  }
  return Outcome::kNotApplicable;
}

// A price that an unknown makes is shown beside the fails that make the status.
std::vector<std::uint32_t> Tally::Examples(bool unknown_decides_price) const {
  if (fails_.empty()) return unknowns_;
  std::vector<std::uint32_t> examples;
  examples.reserve(fails_.size() + 1);
  for (const Example& fail : fails_) examples.push_back(fail.at);
  if (unknown_decides_price) examples.insert(examples.begin() + 1, unknowns_.front());
  return examples;
}

Judgement Tally::Close(std::int32_t unknown_permille) const {
  const Outcome worst = Worst();
  const bool failed = worst == Outcome::kFail;
  const bool unknown = Count(Outcome::kUnknown) > 0;
  Judgement result;
  result.status = StatusOf(worst);
  result.severity = failed ? worst_severity_ : own_.severity;
  result.weight = own_.weight;
  result.note = notes_[std::to_underlying(worst)];
  result.points_known = failed ? worst_cost_ : 0;
  const MilliPoints unknown_cost =
      unknown ? MilliPoints{own_.weight} * unknown_permille : MilliPoints{0};
  result.points = std::max(result.points_known, unknown_cost);
  result.whole = !unknown || (failed && result.points_known >= own_.weight * kWhole);
  result.at_own_price = fails_at_own_price_ || worst == Outcome::kUnknown;
  if (worst >= Outcome::kUnknown) {
    result.offenders = Count(worst);
    result.examples = Examples(unknown_cost > result.points_known);
  }
  return result;
}

}  // namespace

Judgement Judge(const Subject& subject, const Control& control, const Price& own,
                const Scoring& scoring, std::uint32_t most_examples, std::vector<Evidence>& proof) {
  Tally tally(own, most_examples);
  const auto verdicts = static_cast<std::uint32_t>(subject.VerdictsOn(control));
  proof.clear();
  const EvidenceOut evidence = verdicts == 1 && most_examples > 0 ? &proof : nullptr;
  for (std::uint32_t at = 0; at < verdicts;) {
    const auto end = static_cast<std::uint32_t>(subject.EndOfRun(control, at));
    tally.Add(subject.Ask(control, at, evidence), at, end);
    at = end;
  }
  return tally.Close(scoring.unknown_permille);
}

}  // namespace hullmark
