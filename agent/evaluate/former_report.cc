// SPDX-License-Identifier: Apache-2.0
#include "agent/evaluate/former_report.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "hullmark/fact_digests.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"

namespace hullmark {

FormerReport::FormerReport(const Report& former, const FactDigests& then, const FactDigests& now)
    : former_(former), then_(then), now_(now), texts_(former.strings.size()) {
  containers_.reserve(former.containers.size());
  for (std::size_t at = 0; at < former.containers.size(); ++at) {
    containers_.emplace(then.containers[former.containers[at].container], at);
  }
  cgroups_.reserve(now.cgroups.size());
  for (std::uint32_t at = 0; at < now.cgroups.size(); ++at) {
    cgroups_.emplace(now.cgroups[at], CgroupIndex{at});
  }
}

std::optional<std::vector<Finding>> FormerReport::FindingsOfHost(Report& report) {
  if (then_.host != now_.host) return std::nullopt;
  return Carry(former_.host.findings, report);
}

std::optional<std::vector<Finding>> FormerReport::FindingsOf(std::size_t at, Report& report) {
  const auto found = containers_.find(now_.containers[at]);
  if (found == containers_.end()) return std::nullopt;
  return Carry(former_.containers[found->second].findings, report);
}

std::optional<std::vector<Finding>> FormerReport::Carry(std::span<const Finding> findings,
                                                        Report& report) {
  std::vector<Finding> carried(findings.begin(), findings.end());
  const std::size_t begin = report.evidence.size();
  for (Finding& finding : carried) {
    if (finding.status == Status::kWaived) finding.status = Status::kFail;
    finding.waiver.reset();
    finding.note = Carry(finding.note, report);
    if (CarryProof(finding, report)) continue;
    report.evidence.resize(begin);
    return std::nullopt;
  }
  return carried;
}

// False: it names a control group that is not there any more, so that it cannot hold.
bool FormerReport::CarryProof(Finding& finding, Report& report) {
  const std::span lines(former_.evidence);
  const auto begin = static_cast<std::uint32_t>(report.evidence.size());
  for (FindingEvidence line :
       lines.subspan(finding.evidence_begin, finding.evidence_end - finding.evidence_begin)) {
    line.source = Carry(line.source, report);
    line.fact = Carry(line.fact, report);
    if (line.cgroup) {
      line.cgroup = PlaceNow(*line.cgroup);
      if (!line.cgroup) return false;
    }
    report.evidence.push_back(line);
  }
  finding.evidence_begin = begin;
  finding.evidence_end = static_cast<std::uint32_t>(report.evidence.size());
  return true;
}

std::optional<CgroupIndex> FormerReport::PlaceNow(CgroupIndex cgroup) const {
  const auto found = cgroups_.find(then_.cgroups[static_cast<std::size_t>(cgroup)]);
  return found == cgroups_.end() ? std::nullopt : std::optional(found->second);
}

StringId FormerReport::Carry(StringId text, Report& report) {
  auto& now = texts_[static_cast<std::size_t>(text)];
  if (!now) now = report.strings.Intern(former_.strings[text]);
  return *now;
}

}  // namespace hullmark
