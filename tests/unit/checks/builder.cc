// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/checks/builder.h"

#include <linux/seccomp.h>
#include <sys/types.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hullmark/caps.h"
#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/host_mounts.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/namespace_users.h"
#include "hullmark/result.h"
#include "hullmark/seccomp.h"
#include "hullmark/snapshot.h"
#include "hullmark/syscalls.h"

namespace hullmark::testing {
namespace {

constexpr std::uint32_t kHostInode = 4026531832;

constexpr NamespaceInode HostInode(std::size_t kind) {
  return NamespaceInode{kHostInode + static_cast<std::uint32_t>(kind)};
}

constexpr std::size_t kHostUserKind = std::to_underlying(NamespaceKind::kUser);

Host ReadableHost() {
  Host host;
  host.name = "host";
  host.kernel = "6.1.0";
  host.machine = Machine::kX86_64;
  host.namespace_kinds = 0xff;
  for (std::size_t kind = 0; kind < kNamespaceKinds; ++kind) {
    host.namespaces[kind] = ReferenceNamespace{.inode = HostInode(kind)};
  }
  host.cgroup_layout = CgroupLayout::kV2;
  host.last_cap = 40;
  host.bounding = CapSet::UpTo(40);
  host.lsm = std::vector<std::string>{"capability", "apparmor"};
  host.apparmor_enabled = true;
  host.selinux_enforcing = Missing(ErrorCode::kNotFound, 2);
  host.seccomp_filter_available = true;
  host.unix_sockets_read = true;
  return host;
}

ProcStatus HardenedStatus() {
  constexpr std::uint32_t kUser = 101000;  // 1000 inside.
  ProcStatus status;
  status.ambient = CapSet{};
  status.uid = {Uid{kUser}, Uid{kUser}, Uid{kUser}, Uid{kUser}};
  status.gid = {Gid{kUser}, Gid{kUser}, Gid{kUser}, Gid{kUser}};
  status.innermost_pid = 1;
  status.threads = 1;
  status.pid_depth = 2;
  status.no_new_privs = true;
  status.seccomp = SeccompMode::kFilter;
  status.seccomp_filters = 1;
  status.kernel_thread = false;
  return status;
}

// Numbers past this one are answered alike.
constexpr std::uint32_t kLastAnswered = 5000;

ArchRules RulesOfArch(std::span<const Abi> abis, const Answers& answers) {
  ArchRules rules = {.arch = AuditArchOf(abis.front())};
  std::uint32_t next = 0;
  for (const Abi abi : abis) {
    const std::uint32_t first = abi == Abi::kX32 ? kX32Bit : 0;
    const std::uint32_t last = abi == abis.back() ? ~0U : kX32Bit - 1;
    while (next <= first + kLastAnswered) {
      const std::uint32_t end = next < first + kLastAnswered ? next : last;
      rules.ranges.push_back(
          {.first = next, .last = end, .row = static_cast<std::uint32_t>(rules.distinct.size())});
      rules.distinct.push_back(answers(abi, next));
      next = end + 1;
      if (end == last) break;
    }
  }
  return rules;
}

std::shared_ptr<const FilterRules> RulesOf(const Answers& answers) {
  constexpr std::array kNative = {Abi::kX86_64, Abi::kX32};
  constexpr std::array kForeign = {Abi::kI386};
  return std::make_shared<const FilterRules>(
      FilterRules{.archs = {RulesOfArch(kNative, answers), RulesOfArch(kForeign, answers)}});
}

// Every container has one of these: made once.
const std::shared_ptr<const FilterRules>& StrictRules() {
  static const auto kRules =
      RulesOf(AllowOnly({"read", "write", "exit", "exit_group", "rt_sigreturn"}));
  return kRules;
}

void SetRules(std::shared_ptr<const FilterRules> rules, Snapshot& snapshot, Task& task) {
  task.filters = static_cast<SeccompFiltersIndex>(snapshot.seccomp_filters.size());
  snapshot.seccomp_filters.push_back({.rules = std::move(rules)});
}

template <typename Id>
IdQuadruple<Id> Ids(IdQuadruple<std::uint32_t> ids) {
  return {Id{ids.real}, Id{ids.effective}, Id{ids.saved}, Id{ids.fs}};
}

void Fail(Task& task, Fault fault) {
  task.status = std::unexpected(fault);
  for (std::size_t kind = 0; kind < kNamespaceKinds; ++kind) {
    task.namespaces.Set(static_cast<NamespaceKind>(kind), std::unexpected(fault));
  }
  task.label = std::unexpected(fault);
  task.cgroup = std::unexpected(fault);
  task.filters = std::unexpected(fault);
}

void Fail(Process& process, Fault fault) {
  Fail(process.leader, fault);
  process.executable = std::unexpected(fault);
  process.rlimits = std::unexpected(fault);
  process.stdio = std::unexpected(fault);
  process.invocation = std::unexpected(fault);
  process.oom_score_adj = std::unexpected(fault);
}

void Fail(Host& host, Fault fault) {
  host.cgroup_layout = std::unexpected(fault);
  for (auto& reference : host.namespaces) reference = std::unexpected(fault);
  host.mounts = std::unexpected(fault);
  host.last_cap = std::unexpected(fault);
  host.bounding = std::unexpected(fault);
  host.lsm = std::unexpected(fault);
  host.apparmor_enabled = std::unexpected(fault);
  host.apparmor_enforced_profiles = std::unexpected(fault);
  host.selinux_enforcing = std::unexpected(fault);
  host.lockdown = std::unexpected(fault);
  host.module_signatures_enforced = std::unexpected(fault);
  host.command_line = std::unexpected(fault);
  host.seccomp_filter_available = std::unexpected(fault);
  for (auto& controller : host.controllers) controller = std::unexpected(fault);
  for (auto& version : host.controller_versions) version = std::unexpected(fault);
  host.memory_bytes = std::unexpected(fault);
  host.swap_active = std::unexpected(fault);
  host.cpus_online = std::unexpected(fault);
  host.masked_paths_present = std::unexpected(fault);
  for (Sysctl& sysctl : host.sysctls) sysctl.value = std::unexpected(fault);
  host.core_program = std::unexpected(fault);
  host.unix_sockets_read = std::unexpected(fault);
  host.abstract_runtime_sockets = std::unexpected(fault);
  host.listeners = std::unexpected(fault);
}

void Fail(LimitsInForce& limits, Fault fault) {
  limits.memory.value = limits.memory_high.value = std::unexpected(fault);
  limits.memory_reservation.value = limits.swap.value = std::unexpected(fault);
  limits.kernel_memory.value = limits.pids.value = std::unexpected(fault);
  limits.oom_kill_disabled.value = std::unexpected(fault);
  limits.cpu_quota.value = std::unexpected(fault);
  limits.cpu_weight.value = limits.io_weight.value = std::unexpected(fault);
  limits.cpuset.value = std::unexpected(fault);
  limits.io_limits.value = std::unexpected(fault);
  limits.device_rules.value = std::unexpected(fault);
  limits.device_programs.value = std::unexpected(fault);
}

}  // namespace

Answers AllowOnly(std::vector<std::string> calls) {
  return [calls = std::move(calls)](Abi abi, std::uint32_t number) -> CallRules {
    const bool allowed =
        abi == Abi::kX86_64 && std::ranges::find(calls, CallOf(abi, number)) != calls.end();
    return {{.answer = allowed ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | 1U}};
  };
}

Scene::Scene() {
  snapshot.host = ReadableHost();
  snapshot.vantage.capabilities = CapSet::UpTo(40);
  snapshot.vantage.host_namespaces = snapshot.vantage.whole_cgroup_view = true;
  snapshot.vantage.initial_pid_namespace = snapshot.vantage.initial_user_namespace = true;
  const IdMap everybody = {{.inside = 0, .outside = 0, .count = 4294967295}};
  snapshot.user_namespaces.push_back(
      {.inode = HostInode(kHostUserKind), .uid_map = everybody, .gid_map = everybody});
  AddContainer("web");
}

std::size_t Scene::AddContainer(std::string_view name) {
  const std::size_t index = snapshot.processes.size();
  Process init;
  init.pid = Pid{static_cast<pid_t>(100 + index)};
  init.leader.status = HardenedStatus();
  snapshot.processes.push_back(init);
  UseOwnNamespaces(index);
  SetLabel(Label::Module::kAppArmor, "docker-default (enforce)", index);
  SetRules(StrictRules(), snapshot, task(index));

  Container container;
  container.id = container.name = snapshot.strings.Intern(name);
  container.init = static_cast<ProcessIndex>(index);
  container.members.push_back({.process = static_cast<ProcessIndex>(index)});
  snapshot.containers.push_back(std::move(container));
  return snapshot.containers.size() - 1;
}

std::size_t Scene::AddProcess(std::size_t like, std::size_t container) {
  const std::size_t index = snapshot.processes.size();
  Process process = snapshot.processes[like];
  process.pid = Pid{static_cast<pid_t>(100 + index)};
  if (process.leader.status) process.leader.status->innermost_pid = static_cast<int>(100 + index);
  snapshot.processes.push_back(process);
  snapshot.containers[container].members.push_back({.process = static_cast<ProcessIndex>(index)});
  return index;
}

void Scene::UseOwnNamespaces(std::size_t process) {
  for (std::size_t kind = 0; kind < kNamespaceKinds; ++kind) {
    task(process).namespaces.Set(static_cast<NamespaceKind>(kind), NamespaceInode{next_inode_++});
  }
  const IdMap remapped = {{.inside = 0, .outside = 100000, .count = 65536}};
  UseMaps(remapped, remapped, process);
}

void Scene::UseHost(NamespaceKind kind, std::size_t process) {
  task(process).namespaces.Set(kind, HostInode(std::to_underlying(kind)));
}

void Scene::Join(NamespaceKind kind, std::size_t process, std::size_t other) {
  task(process).namespaces.Set(kind, task(other).namespaces[kind]);
}

void Scene::UseMaps(IdMap uid_map, IdMap gid_map, std::size_t process) {
  const NamespaceInode inode{next_inode_++};
  task(process).namespaces.Set(NamespaceKind::kUser, inode);
  snapshot.user_namespaces.push_back(
      {.inode = inode, .uid_map = std::move(uid_map), .gid_map = std::move(gid_map)});
}

void Scene::SetIds(IdQuadruple<std::uint32_t> uid, IdQuadruple<std::uint32_t> gid,
                   std::size_t process) {
  status(process).uid = Ids<Uid>(uid);
  status(process).gid = Ids<Gid>(gid);
}

void Scene::SetAnswers(const Answers& answers, std::size_t process) {
  SetRules(RulesOf(answers), snapshot, task(process));
}

void Scene::SetLabel(Label::Module module, std::string_view text, std::size_t process) {
  snapshot.labels.push_back({.module = module, .text = snapshot.strings.Intern(text)});
  task(process).label = static_cast<LabelIndex>(snapshot.labels.size() - 1);
}

void Scene::FailEverything(Fault fault) {
  for (Process& each : snapshot.processes) Fail(each, fault);
  for (Thread& each : snapshot.threads) Fail(each.task, fault);
  Fail(snapshot.host, fault);
  for (UserNamespace& each : snapshot.user_namespaces) {
    each.uid_map = each.gid_map = std::unexpected(fault);
  }
  for (MountNamespace& each : snapshot.mount_namespaces) each.mounts = std::unexpected(fault);
  for (SeccompFilters& each : snapshot.seccomp_filters) {
    each.programs = std::unexpected(fault);
    each.permitted = each.permitted_compat = std::unexpected(fault);
    each.rules = std::unexpected(fault);
  }
  for (Container& each : snapshot.containers) {
    each.mounts = std::unexpected(fault);
    Fail(each.limits, fault);
  }
}

TaskView Scene::View(std::size_t process, std::size_t container) const {
  return ThreadView(snapshot.processes[process].leader, process, container);
}

TaskView Scene::ThreadView(const Task& task, std::size_t process, std::size_t container) const {
  const Container& around = snapshot.containers[container];
  const auto member =
      std::ranges::find(around.members, static_cast<ProcessIndex>(process), &Member::process);
  if (member == around.members.end()) throw std::logic_error("not a member of the container");
  return {.snapshot = snapshot,
          .container = around,
          .member = *member,
          .process = snapshot.processes[process],
          .task = task};
}

const Check& FindCheck(std::span<const Check> checks, std::string_view id) {
  const auto found = std::ranges::find(checks, id, &Check::id);
  if (found == checks.end()) throw std::logic_error("no check " + std::string(id));
  return *found;
}

Verdict Judge(std::span<const Check> checks, std::string_view id, const Scene& scene,
              const Params& params, EvidenceOut out, std::size_t at) {
  const Check& check = FindCheck(checks, id);
  switch (check.scope()) {
    case Scope::kProcess:
      return std::get<ProcessCheck>(check.evaluate)(scene.View(at), params, out);
    case Scope::kContainer:
      return std::get<ContainerCheck>(check.evaluate)({.snapshot = scene.snapshot,
                                                       .users = NamespaceUsers(scene.snapshot),
                                                       .host_mounts = HostMounts(scene.snapshot),
                                                       .container = scene.snapshot.containers[at]},
                                                      params, out);
    case Scope::kHost:
      return std::get<HostCheck>(check.evaluate)(scene.snapshot, params, out);
  }
  throw std::logic_error("no such scope");
}

std::vector<std::string> Proof(std::span<const Check> checks, std::string_view id,
                               const Scene& scene, const Params& params, std::size_t at) {
  std::vector<Evidence> evidence;
  Judge(checks, id, scene, params, &evidence, at);
  std::vector<std::string> lines;
  lines.reserve(evidence.size());
  for (const Evidence& line : evidence) {
    const std::string source =
        line.cgroup ? PathOfFile(scene.snapshot, *line.cgroup, line.source) : line.source;
    lines.push_back(source + ": " + line.fact);
  }
  return lines;
}

}  // namespace hullmark::testing
