// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "agent/evaluate/judge.h"
#include "agent/evaluate/subject.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"

namespace hullmark {

// What raises the price of a control: the control `with`, by position in the benchmark.
struct Raiser {
  std::size_t with = 0;
  const Escalation* escalation = nullptr;  // nullptr: nothing does.
};

// Judges subjects on all controls of a benchmark.
class Judging {
 public:
  // Proof and notes go to `report`. All outlive it.
  Judging(const Benchmark& benchmark, std::uint32_t examples, Report& report);

  // A finding per control that applies to the host, or to a container, in the benchmark's order.
  // Nothing is waived yet.
  std::vector<Finding> Judge(const Subject& subject, bool host);

 private:
  Judgement JudgeAt(const Subject& subject, std::size_t at, const Price& own);
  bool Escalates(std::size_t at) const;
  Finding ToFinding(const Subject& subject, std::size_t at, bool escalated);
  void AddProof(const Subject& subject, std::size_t at);
  StringId InternNote(std::size_t at);

  const Benchmark& benchmark_;
  std::uint32_t examples_;
  Report& report_;
  std::vector<Raiser> raisers_;    // By control.
  std::vector<Judgement> judged_;  // By control: of the subject at hand.
  std::vector<Evidence> proof_;    // Of the control at hand.
};

}  // namespace hullmark
