// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/sinks/page.h"
#include "agent/sinks/report_sinks.h"
#include "hullmark/benchmark.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"
#include "hullmark/waiver.h"

namespace hullmark {

// How the text reports read a Report: what comes first, what is told once, what a fix is called.
// Nothing here judges.

// A ReportInput and the controls that each control explains, by index.
struct Reading {
  const ReportInput& in;
  std::vector<std::vector<std::uint16_t>> explains;

  const Control& ControlOf(const Finding& finding) const {
    return in.benchmark.controls[finding.control];
  }
  const Container& ContainerOf(const ContainerReport& judged) const {
    return in.snapshot.containers[judged.container];
  }
};
Reading Read(const ReportInput& input);

// The place where a container is described ("docker", "kubernetes") and the fix in its words.
struct Fix {
  std::string_view dialect, text;
};
Fix FixFor(const Control& control, const Container& container);
Fix HostFix(const Control& control);

// Machinery of the site: pods' sandboxes, services, and what the options call so. A claim that a
// user could have written exempts nobody.
bool IsInfrastructure(const ReportInput& in, const Container& container);

// Fails a critical control, has grade D or F, or would have at best.
bool NeedsAttention(const Score& score, const Scoring& scoring);

// What is not a pass, costliest first, then in the benchmark's order; failing controls that another
// failing one explains are left out.
std::vector<const Finding*> Violations(const Reading& reading, std::span<const Finding> findings);

// The failing findings that `finding` explains, in the benchmark's order.
std::vector<const Finding*> Folded(const Reading& reading, const Finding& finding,
                                   std::span<const Finding> findings);

// What to name first: a failing control that explains others, else the costliest that fails;
// nullptr when none fails.
const Finding* MainViolation(const Reading& reading, std::span<const Finding> findings);

std::string ScoreText(const Score& score, const Scoring& scoring);  // "50.7"
std::string_view GradeText(const Score& score);                     // "C"; "-" without a grade.
Style StyleOf(const Score& score);

// "web", in Kubernetes "pod/web": there most containers are called app.
std::string FullName(const Snapshot& snapshot, const Container& container);

// "1 container", "2 containers".
std::string Count(std::uint64_t number, std::string_view noun);

// "a, b, c and 4 more": `most` names of at most `width` bytes each.
struct ListShape {
  std::size_t most, width;
};
std::string ShortList(std::span<const std::string_view> names, ListShape shape);

// Who was looked at, when and with which benchmark; then what could not be seen from here.
void WriteHeadline(Page& page, const ReportInput& in);
void WriteLimitedView(Page& page, const ReportInput& in);

// What the site has changed or accepted: waivers with those that somebody has to look at,
// overrides. Nothing where there are none.
void WriteSite(Page& page, const ReportInput& in);

// "waived until 2026-12-31 by team-web: until the rewrite [WEB-12]".
std::string WaiverText(const Waiver& waiver);

// Whether the first screen speaks of a finding: of every one, or of those that are new.
bool IsTold(const Reading& reading, const Finding& finding);

// In the place of those who need attention, where an earlier report is accepted: what is new since,
// in about `room` lines.
void WriteNews(Page& page, const Reading& reading, std::size_t room);

// The first screen and what follows it.
void WriteOverview(Page& page, const Reading& reading);
void WriteDetails(Page& page, const Reading& reading);

}  // namespace hullmark
