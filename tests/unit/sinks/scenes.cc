// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "hullmark/check.h"
#include "hullmark/event.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"
#include "tests/unit/sinks/world.h"

namespace hullmark::testing {

namespace {

// Of which little could be read, neither name nor place.
void AddUnreadable(World& world) {
  Container& dark = Add(world, {.name = "dark", .unknown = {"CAP-001", "SCP-001", "FS-001"}});
  dark.notes = {world.snapshot.strings.Intern("config.v2.json names pid 12, the kernel says 40")};
  dark.init.reset();
  dark.cgroup.reset();
  dark.claims.reset();
  dark.image.reset();
  dark.compose = ComposeClaims{.project = world.snapshot.strings.Intern("shop"),
                               .service = world.snapshot.strings.Intern("dark")};
  world.snapshot.io_limit_lists = {{{.device = {.major = 8, .minor = 0},
                                     .read_bytes = 1 << 20,
                                     .write_bytes = {},
                                     .read_operations = 100,
                                     .write_operations = {}}}};
  dark.limits.io_limits = {.value = IoLimitListIndex{0}, .source = CgroupIndex{0}};
  dark.limits.cpuset = {.value = world.snapshot.strings.Intern("0-1"), .source = CgroupIndex{0}};
}

// With a waiver, a note on a pass and a control that does not apply.
void AddExcused(World& world) {
  Add(world, {.name = "hardened", .container_class = ContainerClass::kVm});
  ContainerReport& judged = world.report.containers.back();
  SetStatus(world, judged.findings, "PRV-001", Status::kWaived);
  judged.score = ScoreFor(world.benchmark, judged.findings);
  AddWaiver(world, "PRV-001", {.state = WaiverState::kActive, .findings = 1});
  AddWaiver(world, "CAP-*", {.state = WaiverState::kExpired, .findings = 2});
  AddWaiver(world, "SCP-001", {.state = WaiverState::kExpiring, .findings = 1});
  AddWaiver(world, "NS-001", {.state = WaiverState::kUnused});
  for (Finding& finding : judged.findings) {
    if (finding.status == Status::kWaived) finding.waiver = 0;
  }
  world.benchmark.overrides = {
      {.control = "RES-001",
       .what = "weight",
       .from = "5",
       .to = "6",
       .reason = "memory is short here",
       .source = "overrides.yaml:3"},
      {.what = "unknown", .from = "1.0", .to = "0.5", .source = "overrides.yaml:1"}};
  judged.findings[2].note = world.report.strings.Intern("accepted until the next release");
  judged.findings[1].note = world.report.strings.Intern("own user namespace");
  judged.findings[4].status = Status::kNotApplicable;
}

}  // namespace

World Everything() {
  World world = MakeWorld();
  FailHost(world, "HST-001");
  FailHost(world, "HST-010", Status::kUnknown);
  Add(world,
      {.name = "privileged", .fails = {"RUN-001", "CAP-001", "CAP-008", "SCP-001", "PRV-001"}});
  for (const char* name : {"web-1", "web-2", "web-3"}) {
    Add(world, {.name = name, .fails = {"PRV-001", "CAP-008"}});
  }
  Add(world, {.name = "cache", .fails = {"PRV-001"}, .runtime = Runtime::kPodman});
  AddUnreadable(world);
  Add(world, {.name = "kube-proxy",
              .fails = {"RUN-001"},
              .runtime = Runtime::kContainerd,
              .name_space = "kube-system"});
  AddExcused(world);
  world.snapshot.vantage.problems = {{.id = "hidepid",
                                      .text = "/proc hides the processes of others",
                                      .remedy = "mount it with hidepid=0"}};
  return world;
}

World FiftyContainers() {
  World world = MakeWorld();
  FailHost(world, "HST-001");
  FailHost(world, "HST-010");
  world.snapshot.vantage.problems = {
      {.id = "ptrace",
       .text = "without CAP_SYS_PTRACE the namespaces of others cannot be read",
       .remedy = "run as root"},
      {.id = "cgroup",
       .text = "only a part of the cgroup tree is mounted here",
       .remedy = "look from the host"}};
  for (int i = 0; i < 50; ++i) {
    ContainerSpec spec = {.name = "service-with-a-long-name-" + std::to_string(i),
                          .fails = {"PRV-001"}};
    if (i % 5 != 0) spec.fails.emplace_back("CAP-008");
    if (i < 20) spec.fails.insert(spec.fails.end(), {"RUN-001", "CAP-001", "SCP-001"});
    if (i % 7 == 0) spec.runtime = Runtime::kPodman;
    if (i % 3 == 0) spec.unknown = {"RES-001"};
    if (i >= 45) spec.name_space = "kube-system";
    Add(world, spec);
  }
  return world;
}

World Hostile() {
  World world = MakeWorld();
  const std::vector<std::string> texts = {"\033[2J\033[31mred\a",
                                          "two\nlines\r\ttab",
                                          "\xff\xfe not utf-8 \xc3(",
                                          "\u202egnp.exe",
                                          "\u009b31m c1",
                                          std::string(10'000, 'x'),
                                          "\xe5\xae\xb9\xe5\x99\xa8 \xf0\x9f\x9a\xa2",
                                          std::string("nul\0byte", 8),
                                          "{{7*7}} ${HOME} </script>",
                                          ""};
  for (const std::string& text : texts) {
    Container& container = Add(world, {.name = text,
                                       .fails = {"PRV-001", "FS-001"},
                                       .id = text + "-id",
                                       .image = text,
                                       .name_space = text,
                                       .fact = text});
    container.notes = {world.snapshot.strings.Intern(text)};
    container.limits.cpuset = {.value = world.snapshot.strings.Intern(text),
                               .source = CgroupIndex{0}};
  }
  world.snapshot.host.name = texts[0];
  world.snapshot.host.kernel = texts[1];
  world.options.command = texts[0];
  world.options.select = {texts[2]};
  world.snapshot.vantage.problems = {{.id = texts[0], .text = texts[1], .remedy = texts[3]}};
  return world;
}

Event ViolationEvent() {
  return {.id = 8,
          .at = Timestamp{1'769'847'300'123'456'789},
          .kind = EventKind::kViolationAppeared,
          .container_id = std::string(64, 'a'),
          .name = "web",
          .name_space = "shop",
          .pod = "web-0",
          .image = "example/app:1",
          .runtime = Runtime::kContainerd,
          .control = "CAP-001",
          .title = "Process does not administer the host",
          .severity = Severity::kCritical,
          .grade = Grade::kF,
          .exposure = 131'500,
          .evidence = "CapEff has CAP_SYS_ADMIN"};
}

Event HostileEvent() {
  Event event = ViolationEvent();
  event.id = 9;
  event.name = "a\"}\n\x1B[2J\xFF";
  event.image =
      "\xE2\x80\xAE"
      "gpj.exe";
  event.evidence = std::string("\0\r\xC2\x85", 4);
  return event;
}

}  // namespace hullmark::testing
