// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sinks/metrics/registry_body.h"

#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/labels.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "agent/sinks/metrics/labels.h"
#include "agent/sinks/values.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"
#include "tests/unit/sinks/world.h"

namespace hullmark::testing {
namespace {

using prometheus::Labels;

class Builder {
 public:
  explicit Builder(const World& world) : world_(world) {}

  std::string Build() {
    for (const ContainerReport& judged : world_.report.containers) AddContainer(judged);
    for (const Control& control : world_.benchmark.controls) AddControl(control);
    AddHost();
    return prometheus::TextSerializer().Serialize(registry_.Collect());
  }

 private:
  void Set(const std::string& name, const Labels& labels, double value) {
    prometheus::BuildGauge()
        .Name("hullmark_" + name)
        .Help("x")
        .Register(registry_)
        .Add(labels)
        .Set(value);
  }
  void Increment(const std::string& name, const Labels& labels, double by = 1) {
    prometheus::BuildGauge()
        .Name("hullmark_" + name)
        .Help("x")
        .Register(registry_)
        .Add(labels)
        .Increment(by);
  }
  static Labels With(Labels labels, const Labels& more) {
    labels.insert(more.begin(), more.end());
    return labels;
  }
  double ScoreAt(MilliPoints exposure) const {
    return std::round(ScoreOf(exposure, world_.benchmark.scoring) * 1000) / 1000;
  }
  std::string Text(StringId id) const { return LabelText(world_.snapshot.Text(id)); }

  // Worlds of these tests have no two containers of one name.
  Labels LabelsOf(const Container& container) const {
    const auto& kubernetes = container.kubernetes;
    return {{"container", LabelText(CallName(world_.snapshot, container))},
            {"namespace", kubernetes ? Text(kubernetes->name_space) : ""},
            {"pod", kubernetes ? Text(kubernetes->pod) : ""},
            {"runtime", std::string(NameOf(container.runtime))}};
  }

  void AddContainer(const ContainerReport& judged) {
    const Container& container = world_.snapshot.containers[judged.container];
    const Labels own = LabelsOf(container);
    Set("container_score", own, ScoreAt(judged.score.exposure));
    Set("container_score_ceiling", own, ScoreAt(judged.score.exposure_known));
    Set("container_exposure_points", own, static_cast<double>(judged.score.exposure) / 1000);
    Set("container_coverage_ratio", own, judged.score.coverage());
    if (const auto start = StartOf(world_.snapshot, container)) {
      Set("container_start_time_seconds", own,
          static_cast<double>(std::to_underlying(*start)) / 1e9);
    }
    Set("container_info",
        With(own, {{"id", LabelText(world_.snapshot.Text(container.id), 12)},
                   {"image", container.image ? Text(*container.image) : ""},
                   {"class", std::string(NameOf(container.container_class))}}),
        1);
    Increment("containers", {{"runtime", std::string(NameOf(container.runtime))},
                             {"class", std::string(NameOf(container.container_class))}});
    AddLimits(container, own);
    for (const Finding& finding : judged.findings) AddFinding(finding, own);
  }

  void AddLimits(const Container& container, const Labels& own) {
    for (const LimitRow& row : LimitsOf(world_.snapshot, container)) {
      const auto* const number = std::get_if<std::uint64_t>(&row.value);
      const auto* const cpus = std::get_if<double>(&row.value);
      if (row.name == "memory" && number != nullptr) {
        Set("container_limit_memory_bytes", own, static_cast<double>(*number));
      }
      if (row.name == "pids" && number != nullptr) {
        Set("container_limit_pids", own, static_cast<double>(*number));
      }
      if (row.name == "cpu_quota" && cpus != nullptr) Set("container_limit_cpu_cores", own, *cpus);
    }
  }

  void AddFinding(const Finding& finding, const Labels& own) {
    const Control& control = world_.benchmark.controls[finding.control];
    const std::string severity(NameOf(finding.severity));
    const bool counted = finding.status == Status::kFail || finding.status == Status::kUnknown ||
                         finding.status == Status::kWaived;
    if (!counted) return;
    Increment("container_findings",
              With(own, {{"severity", severity}, {"status", std::string(NameOf(finding.status))}}));
    if (finding.status != Status::kFail) return;
    Increment("control_failing_containers",
              {{"control", control.id}, {"severity", std::string(NameOf(control.severity))}});
    if (finding.severity < Severity::kMedium) return;
    Set("violation", With(own, {{"control", control.id}, {"severity", severity}}), 1);
  }

  void AddControl(const Control& control) {
    const Labels labels = {{"control", control.id},
                           {"severity", std::string(NameOf(control.severity))}};
    Increment("control_failing_containers", labels, 0);
    Set("control_info", With(labels, {{"title", control.title}}), 1);
  }

  void AddHost() {
    const Score& score = world_.report.host.score;
    Set("host_score", {}, ScoreAt(score.exposure));
    Set("host_score_ceiling", {}, ScoreAt(score.exposure_known));
    Set("host_exposure_points", {}, static_cast<double>(score.exposure) / 1000);
    for (const Finding& finding : world_.report.host.findings) {
      if (finding.status != Status::kFail) continue;
      Set("host_violation",
          {{"control", world_.benchmark.controls[finding.control].id},
           {"severity", std::string(NameOf(finding.severity))}},
          1);
    }
    const Summary& summary = world_.report.summary;
    for (int grade = 0; grade < kGrades; ++grade) {
      Set("containers_by_grade", {{"grade", std::string(NameOf(static_cast<Grade>(grade)))}},
          summary.by_grade[static_cast<std::size_t>(grade)]);
    }
    Set("containers_by_grade", {{"grade", ""}}, summary.without_grade);
  }

  const World& world_;
  prometheus::Registry registry_;
};

}  // namespace

std::string RegistryBody(const World& world) { return Builder(world).Build(); }

}  // namespace hullmark::testing
