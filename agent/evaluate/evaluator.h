// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <utility>

#include "agent/evaluate/evaluate.h"
#include "hullmark/benchmark.h"
#include "hullmark/fact_digests.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// Judges one Snapshot after another by one benchmark and the same options, again only what changed.
class Evaluator {
 public:
  // What was judged, not known.
  struct Counts {
    std::size_t containers = 0;
    bool host = false;
  };

  // `benchmark` and the waivers of `options` outlive it: another policy wants another Evaluator.
  Evaluator(const Benchmark& benchmark, EvaluateOptions options)
      : benchmark_(benchmark), options_(std::move(options)) {}

  // What Evaluate() would say, to the letter. `digests` are of `snapshot`, made with the key of the
  // ones before. The Report holds until the next call, which needs nothing of this Snapshot.
  const Report& Judge(const Snapshot& snapshot, FactDigests digests);

  // Of the last call.
  const Report& report() const { return report_; }
  const Counts& judged() const { return judged_; }

 private:
  const Benchmark& benchmark_;
  EvaluateOptions options_;
  Report report_;  // Of `digests_`.
  FactDigests digests_;
  bool has_judged_ = false;
  Counts judged_;
};

}  // namespace hullmark
