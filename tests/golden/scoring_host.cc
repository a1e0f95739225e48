// SPDX-License-Identifier: Apache-2.0
#include "tests/golden/scoring_host.h"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "hullmark/benchmark.h"
#include "hullmark/caps.h"
#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/checks/mount_scene.h"

namespace hullmark {
namespace {

constexpr CapSet kDockerCaps(0xa80425fb);
constexpr std::uint64_t kMebi = std::uint64_t{1} << 20;

std::vector<std::string> PatternsOf(const Benchmark& benchmark) {
  std::vector<std::string> patterns;
  for (const Control& control : benchmark.controls) {
    for (const ParamValue& value : control.params.values()) {
      const auto* const globs = std::get_if<std::vector<Glob>>(&value);
      if (globs == nullptr) continue;
      for (const Glob& glob : *globs) patterns.push_back(glob.pattern());
    }
  }
  return patterns;
}

}  // namespace

ScoringHost::ScoringHost(const Benchmark& benchmark) {
  MakeHost(benchmark);
  MakeLimits();
  MakeInit();
}

void ScoringHost::MakeInit() {
  const IdMap remapped = {{.inside = 0, .outside = 100000, .count = 65536}};
  UseMaps(remapped, remapped);
  At("/").flags.read_only = true;
  Process& init = process();
  snapshot.executables.push_back({.path = snapshot.strings.Intern("/usr/sbin/nginx"),
                                  .device = testing::kRootfs,
                                  .inode = 77,
                                  .links = 1,
                                  .mount_id = At("/").id});
  snapshot.rlimits.emplace_back();
  snapshot.group_lists.emplace_back();
  snapshot.stdios.push_back(
      {.kind = {DescriptorKind::kNull, DescriptorKind::kPipe, DescriptorKind::kPipe}});
  snapshot.invocations.push_back({.program = snapshot.strings.Intern("nginx")});
  init.executable = ExecutableIndex{0};
  init.rlimits = RlimitsIndex{0};
  init.stdio = StdioIndex{0};
  init.invocation = InvocationIndex{0};
  init.oom_score_adj = std::int16_t{0};
  init.leader.cgroup = MembershipIndex{0};
}

void ScoringHost::MakeHost(const Benchmark& benchmark) {
  Host& host = snapshot.host;
  host.looked_for = PatternsOf(benchmark);
  host.sysctls = {{.name = "kernel/pid_max", .value = "4194304"}};
  host.command_line = "";
  host.memory_bytes = 8192 * kMebi;
  host.swap_active = true;
  host.cpus_online = "0-3";
  host.disks = {testing::kDisk};
  for (auto& available : host.controllers) available = true;
  for (auto& version : host.controller_versions) version = CgroupVersion::kV2;
  host.listeners = std::vector<RuntimeListener>{};
  host.unix_sockets_read = true;
  host.abstract_runtime_sockets = std::vector<std::string>{};
  snapshot.hierarchies.push_back({.name = snapshot.strings.Intern(""),
                                  .mount_point = snapshot.strings.Intern("/sys/fs/cgroup"),
                                  .controllers = 0x3f});
  snapshot.cgroups.resize(3);
  snapshot.cgroups[0].path = snapshot.strings.Intern("/");
  snapshot.cgroups[1].path = snapshot.strings.Intern("/system.slice");
  snapshot.cgroups[1].parent = CgroupIndex{0};
  snapshot.cgroups[2].path = snapshot.strings.Intern("/system.slice/docker-abc.scope");
  snapshot.cgroups[2].parent = CgroupIndex{1};
  snapshot.memberships.push_back({.cgroups = {CgroupIndex{2}}});
  container().cgroup = CgroupIndex{2};
}

void ScoringHost::MakeLimits() {
  const CgroupIndex own{2};
  snapshot.io_limit_lists.emplace_back();
  limits() = {
      .memory = {.value = Limit{512 * kMebi}, .source = own},
      .memory_high = {.value = Limit{}},
      .memory_reservation = {.value = Limit{256 * kMebi}, .source = own},
      .swap = {.value = Limit{0}, .source = own},
      .kernel_memory = {.value = Missing(ErrorCode::kNotFound)},
      .oom_kill_disabled = {.value = Missing(ErrorCode::kNotFound)},
      .pids = {.value = Limit{100}, .source = own},
      .cpu_quota = {.value = CpuQuota{.quota = 50000}, .source = own},
      .cpu_weight = {.value = 79, .source = own},
      .cpuset = {.value = snapshot.strings.Intern("0-3"), .source = own},
      .io_weight = {.value = Missing(ErrorCode::kNotFound)},
      .io_limits = {.value = IoLimitListIndex{0}},
      .device_rules = {.value = Missing(ErrorCode::kNotFound)},
      .device_programs = {.value = 1, .source = own},
  };
}

void ScoringHost::UseDockerDefaults() {
  UseHost(NamespaceKind::kUser);
  SetIds({0, 0, 0, 0}, {0, 0, 0, 0});
  status().effective = status().permitted = status().bounding = kDockerCaps;
  status().no_new_privs = false;
  At("/").flags.read_only = false;
  limits().memory = {.value = Limit{}};
  limits().memory_reservation = {.value = Limit{}};
  limits().swap = {.value = Limit{}};
  limits().pids = {.value = Limit{}};
  limits().cpu_quota = {.value = CpuQuota{}};
  limits().cpu_weight.value = 100;
}

void ScoringHost::UsePrivileged(int last_cap) {
  UseDockerDefaults();
  snapshot.host.last_cap = last_cap;
  snapshot.host.bounding = CapSet::UpTo(last_cap);
  status().effective = status().permitted = status().bounding = CapSet::UpTo(last_cap);
  status().seccomp = SeccompMode::kOff;
  status().seccomp_filters = 0;
  SetLabel(Label::Module::kAppArmor, "unconfined");
  for (const char* const mask :
       {"/proc/bus", "/proc/sys", "/proc/acpi", "/proc/keys", "/sys/firmware"}) {
    Unmount(mask);
  }
  At("/sys").flags.read_only = false;
  At("/sys/fs/cgroup").flags.read_only = false;
}

}  // namespace hullmark
