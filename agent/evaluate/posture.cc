// SPDX-License-Identifier: Apache-2.0
#include "agent/evaluate/posture.h"

#include <cmath>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/evaluate/changes.h"
#include "hullmark/benchmark.h"
#include "hullmark/ids.h"
#include "hullmark/posture.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

std::string FirstProof(const Report& report, const Finding& finding) {
  if (finding.evidence_begin == finding.evidence_end) return "";
  const std::string_view fact = report.strings[report.evidence[finding.evidence_begin].fact];
  return std::string(fact.substr(0, fact.find('\n')));
}

PostureSubject SubjectOf(const JudgedScan& scan, const Score& score,
                         std::span<const Finding> findings) {
  constexpr double kDecimals = 10;  // One, as printed.
  const double exact = ScoreOf(score.exposure, scan.benchmark.scoring);
  PostureSubject subject = {.exposure = score.exposure,
                            .score = std::round(exact * kDecimals) / kDecimals,
                            .grade = score.grade};
  subject.findings.reserve(findings.size());
  for (const Finding& finding : findings) {
    PostureFinding& posture = subject.findings.emplace_back(
        PostureFinding{.control = finding.control, .status = finding.status});
    if (finding.status == Status::kPass || finding.status == Status::kNotApplicable) continue;
    posture.severity = finding.severity;
    posture.proof = FirstProof(scan.report, finding);
  }
  return subject;
}

PostureContainer ContainerOf(const JudgedScan& scan, const ContainerReport& judged) {
  const Snapshot& snapshot = scan.snapshot;
  const Container& container = snapshot.containers[judged.container];
  const auto text = [&](StringId id) { return std::string(snapshot.Text(id)); };
  PostureContainer posture = {.id = text(container.id),
                              .name = text(container.name),
                              .runtime = container.runtime,
                              .container_class = container.container_class,
                              .claimed = container.claims.has_value(),
                              .subject = SubjectOf(scan, judged.score, judged.findings)};
  if (container.image) posture.image = text(*container.image);
  if (container.claims) posture.claimed_by_user = container.claims->trust != Trust::kRoot;
  if (const auto& claims = container.kubernetes) {
    posture.name_space = text(claims->name_space);
    posture.pod = text(claims->pod);
    posture.pod_container = text(claims->container);
  }
  if (const auto& claims = container.compose) {
    posture.project = text(claims->project);
    posture.service = text(claims->service);
  }
  if (container.cgroup) posture.cgroup = text(snapshot.At(*container.cgroup).path);
  return posture;
}

}  // namespace

Posture PostureOf(const JudgedScan& scan, const AskedFor& asked) {
  const auto& [snapshot, benchmark, report] = scan;
  Posture posture = {.taken_at = asked.taken_at,
                     .host = snapshot.host.name,
                     .boot_id = snapshot.host.boot_id,
                     .benchmark = benchmark.id,
                     .benchmark_version = benchmark.version,
                     .benchmark_sha256 = benchmark.sha256,
                     .select = {asked.select.begin(), asked.select.end()},
                     .classes = {asked.classes.begin(), asked.classes.end()},
                     .limited = !snapshot.vantage.problems.empty(),
                     .machine = SubjectOf(scan, report.host.score, report.host.findings)};
  for (const Control& control : benchmark.controls) {
    posture.controls.push_back({.id = control.id, .title = control.title});
  }
  for (const ContainerReport& judged : report.containers) {
    posture.containers.push_back(ContainerOf(scan, judged));
  }
  return posture;
}

}  // namespace hullmark
