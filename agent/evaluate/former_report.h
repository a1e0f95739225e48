// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "hullmark/fact_digests.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"

namespace hullmark {

// The Report of the Snapshot before, as far as it still holds: the verdicts on what has the same
// digest. Waivers are not part of them: they end.
class FormerReport {
 public:
  // What the former Report was made of, and what is made now. All outlive it.
  FormerReport(const Report& former, const FactDigests& then, const FactDigests& now);

  // The findings of the host, or of container `at` of the Snapshot of now, without waivers; their
  // proof and notes are added to `report`. nullopt: they are not known.
  std::optional<std::vector<Finding>> FindingsOfHost(Report& report);
  std::optional<std::vector<Finding>> FindingsOf(std::size_t at, Report& report);

 private:
  std::optional<std::vector<Finding>> Carry(std::span<const Finding> findings, Report& report);
  bool CarryProof(Finding& finding, Report& report);
  std::optional<CgroupIndex> PlaceNow(CgroupIndex cgroup) const;
  StringId Carry(StringId text, Report& report);

  const Report& former_;
  const FactDigests& then_;
  const FactDigests& now_;
  std::unordered_map<std::uint64_t, std::size_t> containers_;  // By digest: place in the Report.
  std::unordered_map<std::uint64_t, CgroupIndex> cgroups_;     // By digest: place now.
  std::vector<std::optional<StringId>> texts_;                 // By former place: place now.
};

}  // namespace hullmark
