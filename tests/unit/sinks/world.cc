// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sinks/world.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/sinks/report_sinks.h"
#include "hullmark/benchmark.h"
#include "hullmark/caps.h"
#include "hullmark/check.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/report.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "hullmark/strings.h"

namespace hullmark::testing {
namespace {

Verdict OfTask(const TaskView&, const Params&, EvidenceOut) { return {}; }
Verdict OfContainer(const ContainerView&, const Params&, EvidenceOut) { return {}; }
Verdict OfHost(const Snapshot&, const Params&, EvidenceOut) { return {}; }

constexpr std::array<ParamSpec, 1> kSpecs = {{{.name = "allow", .type = ParamType::kCaps}}};
constexpr std::array<Check, 10> kChecks = {{
    {.id = "CAP-001", .evaluate = OfTask, .params = kSpecs},
    {.id = "CAP-008", .evaluate = OfTask, .params = {}},
    {.id = "PRV-001", .evaluate = OfTask, .params = {}},
    {.id = "SCP-001", .evaluate = OfTask, .params = {}},
    {.id = "RES-001", .evaluate = OfContainer, .params = {}},
    {.id = "RES-006", .evaluate = OfContainer, .params = {}},
    {.id = "FS-001", .evaluate = OfContainer, .params = {}},
    {.id = "RUN-001", .evaluate = OfContainer, .params = {}},
    {.id = "HST-001", .evaluate = OfHost, .params = {}},
    {.id = "HST-010", .evaluate = OfHost, .params = {}},
}};

struct Row {
  std::string_view id, title;
  Severity severity;
  std::int32_t weight;
  std::string_view fix;
};
constexpr std::array<Row, 10> kRows = {{
    {"CAP-001", "Process does not administer the host", Severity::kCritical, 125,
     "Run with --cap-drop=SYS_ADMIN."},
    {"CAP-008", "Process cannot send raw packets", Severity::kMedium, 4,
     "Run with --cap-drop=NET_RAW, or give the program what it needs alone: --cap-drop=ALL "
     "--cap-add=NET_BIND_SERVICE is enough for nearly every server that listens below 1024."},
    {"PRV-001", "Process can gain no privileges through exec", Severity::kMedium, 6,
     "Run with --security-opt no-new-privileges."},
    {"SCP-001", "System calls are filtered", Severity::kHigh, 25,
     "Remove --security-opt seccomp=unconfined."},
    {"RES-001", "Memory is limited", Severity::kMedium, 6, "Run with --memory=512m."},
    {"RES-006", "Number of processes is limited", Severity::kMedium, 6,
     "Run with --pids-limit=256."},
    {"FS-001", "No socket of a runtime is inside", Severity::kCritical, 125,
     "Remove -v /var/run/docker.sock."},
    {"RUN-001", "Container is not privileged", Severity::kCritical, 125, "Remove --privileged."},
    {"HST-001", "Kernel addresses are hidden", Severity::kMedium, 5,
     "sysctl -w kernel.kptr_restrict=1"},
    {"HST-010", "Host enforces mandatory access control", Severity::kHigh, 25,
     "Boot with apparmor=1."},
}};

Remediation Fixes(const Row& row, bool host) {
  const std::string fix(row.fix);
  if (host) {
    return {
        .docker = "", .podman = "", .compose = "", .kubernetes = "", .systemd = "", .host = fix};
  }
  return {.docker = fix,
          .podman = fix + " (podman)",
          .compose = "In the service: " + fix,
          .kubernetes = "In the container: " + fix,
          .systemd = "In the unit: " + fix,
          .host = ""};
}

Control MakeControl(const Row& row, const Check& check) {
  return {.id = std::string(row.id),
          .title = std::string(row.title),
          .category = check.scope() == Scope::kHost ? "host" : "workload",
          .rationale = "Because " + std::string(row.title) + " keeps a small mistake small.",
          .reads = "/proc/PID/status",
          .severity = row.severity,
          .weight = row.weight,
          .refs = {.cis_docker = {"5.4"},
                   .cis_k8s = {"5.2.9"},
                   .pss = "baseline",
                   .nist = {"3.4.3"},
                   .attack = {"T1611"}},
          .remediation = Fixes(row, check.scope() == Scope::kHost),
          .params = {},
          .escalation = {},
          .explains = {},
          .check = &check};
}

std::uint16_t IndexOf(const Benchmark& benchmark, std::string_view id) {
  const auto at = std::ranges::find(benchmark.controls, id, &Control::id);
  return static_cast<std::uint16_t>(at - benchmark.controls.begin());
}

Finding Plain(std::uint16_t control) {
  return {.control = control, .status = Status::kPass, .offenders = 1};
}

std::vector<Finding> PassAll(const Benchmark& benchmark, bool host) {
  std::vector<Finding> findings;
  for (std::size_t i = 0; i < benchmark.controls.size(); ++i) {
    if ((benchmark.controls[i].check->scope() == Scope::kHost) != host) continue;
    findings.push_back(Plain(static_cast<std::uint16_t>(i)));
  }
  return findings;
}

FindingEvidence Proof(World& world, const Control& control, Status status, std::string_view fact) {
  StringTable& strings = world.report.strings;
  const bool unknown = status == Status::kUnknown;
  const std::string text = fact.empty() ? control.id + " is not as wanted" : std::string(fact);
  return {.pid = Pid{4242},
          .tid = unknown ? std::optional(Pid{4243}) : std::nullopt,
          .source = strings.Intern(unknown ? "/proc/4242/task/4243/ns/mnt" : "/proc/4242/status"),
          .fact = strings.Intern(unknown ? "permission denied" : text),
          .error_number = unknown ? EACCES : 0};
}

Grade GradeOf(MilliPoints exposure, const Scoring& scoring) {
  std::size_t grade = 0;
  while (grade < 4 && exposure > MilliPoints{scoring.grade_bounds[grade]} * 1000) ++grade;
  return static_cast<Grade>(grade);
}

void Count(World& world, const ContainerReport& judged, const Container& container) {
  Summary& summary = world.report.summary;
  const auto at = static_cast<std::uint32_t>(world.report.containers.size());
  ++summary.containers;
  ++summary.by_class[std::to_underlying(container.container_class)];
  if (judged.score.grade) {
    ++summary.by_grade[std::to_underlying(*judged.score.grade)];
  } else {
    ++summary.without_grade;
  }
  for (const Finding& finding : judged.findings) {
    ++summary.by_status[std::to_underlying(finding.status)];
    if (finding.status == Status::kFail)
      ++summary.by_severity[std::to_underlying(finding.severity)];
  }
  summary.weight_known += judged.score.weight_known;
  summary.weight_applicable += judged.score.weight_applicable;
  const auto& containers = world.report.containers;
  if (!summary.worst || judged.score.exposure > containers[*summary.worst].score.exposure) {
    summary.worst = at;
  }
}

// The container of a spec, with an init and a cgroup of its own and limits of every kind.
Container& Describe(Snapshot& snapshot, const ContainerSpec& spec) {
  StringTable& strings = snapshot.strings;
  const auto index = static_cast<std::uint32_t>(snapshot.containers.size());
  const auto process = static_cast<ProcessIndex>(snapshot.processes.size());
  snapshot.processes.push_back({.pid = Pid{4242 + static_cast<int>(index)},
                                .leader = {},
                                .stat = {.start = BootTicks{100}}});
  const auto cgroup = static_cast<CgroupIndex>(snapshot.cgroups.size());
  snapshot.cgroups.push_back({.path = strings.Intern("/docker/" + spec.id), .inode = 77 + index});
  Container& container = snapshot.containers.emplace_back();
  container.id = strings.Intern(spec.id);
  container.name = strings.Intern(spec.name);
  container.runtime = spec.runtime;
  container.container_class = spec.container_class;
  container.image = strings.Intern(spec.image);
  container.claims = Claims{.source = strings.Intern("/var/lib/docker/containers/x/config.v2.json"),
                            .trust = spec.trust,
                            .owner = {}};
  container.cgroup = cgroup;
  container.init = process;
  container.limits.memory = {.value = Limit{512ULL << 20}, .source = cgroup};
  container.limits.pids = {.value = Limit{}, .source = {}};
  container.limits.cpu_quota = {.value = CpuQuota{.quota = 150'000}, .source = cgroup};
  container.limits.swap = {.value = Missing(ErrorCode::kDenied, EACCES), .source = {}};
  if (!spec.name_space.empty()) {
    container.kubernetes = KubernetesClaims{.name_space = strings.Intern(spec.name_space),
                                            .pod = strings.Intern("pod-1"),
                                            .pod_uid = strings.Intern("0-1"),
                                            .container = strings.Intern(spec.name)};
  }
  return container;
}

Benchmark MakeBenchmark() {
  Benchmark benchmark = {.id = "hullmark",
                         .version = "1.0.0",
                         .title = "Container host hardening benchmark",
                         .sha256 = std::string(64, '0'),
                         .scoring = {},
                         .controls = {},
                         .cis_docker = {}};
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    benchmark.controls.push_back(MakeControl(kRows[i], kChecks[i]));
  }
  benchmark.controls[0].params = Params({CapSet{Cap::kChown, Cap::kKill}});
  benchmark.controls[IndexOf(benchmark, "RUN-001")].explains = {"CAP-001", "CAP-008", "SCP-001"};
  benchmark.controls[1].escalation =
      Escalation{.with = "SCP-001", .price = {.severity = Severity::kHigh, .weight = 25}};
  benchmark.cis_docker = {
      {.item = "1.1.1",
       .subject = "Own partition for containers",
       .controls = {},
       .manual = "A matter of the installation."},
      {.item = "1.2.1",
       .subject = "A hardened host",
       .controls = {"HST-001", "HST-010"},
       .manual = ""},
      {.item = "5.4",
       .subject = "Few capabilities",
       .controls = {"CAP-001", "CAP-008"},
       .manual = ""},
      {.item = "5.5", .subject = "Nothing privileged", .controls = {"RUN-001"}, .manual = ""},
      {.item = "5.11", .subject = "Memory bounded", .controls = {"RES-001"}, .manual = ""},
      {.item = "5.26", .subject = "No new privileges", .controls = {"PRV-001"}, .manual = ""},
  };
  return benchmark;
}

}  // namespace

void SetStatus(World& world, std::vector<Finding>& findings, std::string_view id, Status status,
               std::string_view fact) {
  const std::uint16_t index = IndexOf(world.benchmark, id);
  const Control& control = world.benchmark.controls[index];
  auto& evidence = world.report.evidence;
  Finding& finding = *std::ranges::find(findings, index, &Finding::control);
  const MilliPoints points = MilliPoints{control.weight} * 1000;
  finding.status = status;
  finding.severity = control.severity;
  finding.points = points;
  finding.points_known = status == Status::kUnknown ? 0 : points;
  finding.offenders = control.check->scope() == Scope::kProcess ? 3 : 1;
  finding.evidence_begin = static_cast<std::uint32_t>(evidence.size());
  evidence.push_back(Proof(world, control, status, fact));
  finding.evidence_end = static_cast<std::uint32_t>(evidence.size());
}

void AddWaiver(World& world, std::string_view control, WaiverUse use) {
  constexpr std::int64_t kDay = std::int64_t{24} * 3600 * 1'000'000'000;
  const std::int64_t line = 2 + 6 * static_cast<std::int64_t>(world.waivers.size());
  world.waivers.push_back({.control = Glob(control),
                           .reason = "until the rewrite",
                           .owner = "team-web",
                           .ticket = world.waivers.empty() ? "WEB-12" : "",
                           .expires = Timestamp{20'454 * kDay},
                           .source = "waivers.yaml:" + std::to_string(line)});
  world.report.waivers.push_back(use);
}

Score ScoreFor(const Benchmark& benchmark, std::span<const Finding> findings) {
  Score score;
  for (const Finding& finding : findings) {
    const bool unknown = finding.status == Status::kUnknown;
    const std::int64_t weight = benchmark.controls[finding.control].weight;
    if (finding.status == Status::kNotApplicable) continue;
    score.weight_applicable += weight;
    score.weight_known += unknown ? 0 : weight;
    score.exposure_unwaived += finding.points;
    if (finding.status != Status::kWaived) score.exposure += finding.points;
    if (finding.status == Status::kFail) score.exposure_known += finding.points;
    score.critical |= finding.status == Status::kFail && finding.severity == Severity::kCritical;
  }
  score.provisional = score.coverage() < 0.8;
  if (!score.provisional) score.grade = GradeOf(score.exposure, benchmark.scoring);
  return score;
}

World MakeWorld() {
  World world;
  world.benchmark = MakeBenchmark();
  world.snapshot.taken_at = Timestamp{1'767'323'045'006'000'000};
  Host& host = world.snapshot.host;
  host.name = "web-1";
  host.kernel = "6.1.0-18-amd64";
  host.boot_id = "3d9a4f0c-6f0e-4c57-9a55-1c1a7a3a9a10";
  host.booted_at = Timestamp{1'767'300'000'000'000'000};
  host.cgroup_layout = CgroupLayout::kV2;
  host.lsm = std::vector<std::string>{"capability", "apparmor"};
  world.snapshot.hierarchies.push_back(
      {.mount_point = world.snapshot.strings.Intern("/sys/fs/cgroup")});
  world.snapshot.vantage = {.uid = Uid{0},
                            .capabilities = CapSet{Cap::kSysPtrace, Cap::kDacReadSearch},
                            .host_namespaces = true,
                            .initial_pid_namespace = true,
                            .initial_user_namespace = true,
                            .whole_cgroup_view = true,
                            .hidepid = false,
                            .problems = {}};
  world.report.judged_at = world.snapshot.taken_at;
  world.report.host.findings = PassAll(world.benchmark, true);
  world.report.host.score = ScoreFor(world.benchmark, world.report.host.findings);
  world.options.generated_at = Timestamp{1'767'323'046'000'000'000};
  world.options.tool_version = "0.1.0";
  world.options.classes = {ContainerClass::kContainer, ContainerClass::kVm};
  return world;
}

Container& Add(World& world, const ContainerSpec& spec) {
  Container& container = Describe(world.snapshot, spec);
  ContainerReport judged = {
      .container = static_cast<std::uint32_t>(world.snapshot.containers.size() - 1),
      .score = {},
      .processes = 1,
      .threads = 2,
      .findings = PassAll(world.benchmark, false)};
  for (const std::string& id : spec.fails) {
    SetStatus(world, judged.findings, id, Status::kFail, spec.fact);
  }
  for (const std::string& id : spec.unknown) {
    SetStatus(world, judged.findings, id, Status::kUnknown, spec.fact);
  }
  judged.score = ScoreFor(world.benchmark, judged.findings);
  Count(world, judged, container);
  world.report.containers.push_back(std::move(judged));
  return container;
}

void FailHost(World& world, std::string_view control, Status status) {
  SetStatus(world, world.report.host.findings, control, status, "");
  world.report.host.score = ScoreFor(world.benchmark, world.report.host.findings);
}

std::string Write(const World& world, const Writer& writer) {
  std::string text;
  const ReportInput input = world.Input();
  writer(input, [&](std::string_view bytes) { text += bytes; });
  return text;
}

std::vector<std::string> Lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace hullmark::testing
