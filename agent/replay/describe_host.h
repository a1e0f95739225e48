// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>
#include <vector>

#include "agent/replay/describe_facts.h"
#include "agent/replay/names.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/snapshot.h"

namespace hullmark {

void Describe(auto& io, Is<ReferenceNamespace> auto& reference) {
  io.Member("inode", reference.inode);
  io.Member("source", reference.source);
}

void Describe(auto& io, Is<Sysctl> auto& sysctl) {
  io.Member("name", sysctl.name);
  io.Member("value", sysctl.value);
}

void Describe(auto& io, Is<HostPath> auto& path) {
  io.Member("path", path.path);
  io.Member("pattern", path.pattern);
  io.Member("device", path.device);
  io.Member("root", path.root);
  io.Member("socket", path.socket);
  io.Member("daemon", path.daemon);
  io.Member("mode", path.mode);
  io.Member("uid", path.uid);
  io.Member("gid", path.gid);
  io.Member("group", path.group);
}

void Describe(auto& io, Is<RuntimeListener> auto& listener) {
  io.Member("daemon", listener.daemon);
  io.Member("pid", listener.pid);
  io.Member("address", listener.address);
  io.Member("port", listener.port);
  io.Member("loopback", listener.loopback);
  io.Member("tls_verify", listener.tls_verify);
}

void Describe(auto& io, Is<std::pair<DeviceNumber, std::vector<DeviceNumber>>> auto& parents) {
  io.Member("device", parents.first);
  io.Member("disks", parents.second);
}

void DescribeKernel(auto& io, Is<Host> auto& host) {
  io.Member("last_cap", host.last_cap);
  io.Member("bounding", host.bounding);
  io.Member("lsm", host.lsm);
  io.Member("apparmor_enabled", host.apparmor_enabled);
  io.Member("apparmor_enforced_profiles", host.apparmor_enforced_profiles);
  io.Member("selinux_enforcing", host.selinux_enforcing);
  io.Member("lockdown", host.lockdown);
  io.Member("module_signatures_enforced", host.module_signatures_enforced);
  io.Member("command_line", host.command_line);
  io.Member("seccomp_filter_available", host.seccomp_filter_available);
  io.Keyed("controllers", host.controllers, EnumNames(Controller{}));
  io.Keyed("controller_versions", host.controller_versions, EnumNames(Controller{}));
  io.Member("memory_bytes", host.memory_bytes);
  io.Member("swap_active", host.swap_active);
  io.Member("cpus_online", host.cpus_online);
  io.Member("sysctls", host.sysctls);
}

void Describe(auto& io, Is<Host> auto& host) {
  io.Member("name", host.name);
  io.Member("kernel", host.kernel);
  io.Late("machine", host.machine);
  io.Member("boot_id", host.boot_id);
  io.Member("booted_at", host.booted_at);
  io.Member("cgroup_layout", host.cgroup_layout);
  io.Keyed("namespaces", host.namespaces, kNamespaceNames);
  io.Flags("namespace_kinds", host.namespace_kinds, kNamespaceNames);
  io.Member("mounts", host.mounts);
  DescribeKernel(io, host);
  io.Member("masked_paths_present", host.masked_paths_present);
  io.Member("disks", host.disks);
  io.Member("disk_parents", host.disk_parents);
  io.Member("core_program", host.core_program);
  io.Member("paths", host.paths);
  io.Member("looked_for", host.looked_for);
  io.Member("unix_sockets_read", host.unix_sockets_read);
  io.Member("abstract_runtime_sockets", host.abstract_runtime_sockets);
  io.Member("listeners", host.listeners);
  io.Member("runtime_daemons", host.runtime_daemons);
}

void Describe(auto& io, Is<VantageProblem> auto& problem) {
  io.Member("id", problem.id);
  io.Member("text", problem.text);
  io.Member("remedy", problem.remedy);
}

void Describe(auto& io, Is<Vantage> auto& vantage) {
  io.Member("uid", vantage.uid);
  io.Member("capabilities", vantage.capabilities);
  io.Member("host_namespaces", vantage.host_namespaces);
  io.Member("initial_pid_namespace", vantage.initial_pid_namespace);
  io.Member("initial_user_namespace", vantage.initial_user_namespace);
  io.Member("whole_cgroup_view", vantage.whole_cgroup_view);
  io.Member("hidepid", vantage.hidepid);
  io.Late("source", vantage.source);
  io.Late("source_reason", vantage.source_reason);
  io.Member("problems", vantage.problems);
}

void Describe(auto& io, Is<ScanCounts> auto& counts) {
  io.Member("listed", counts.listed);
  io.Member("vanished", counts.vanished);
  io.Member("zombies", counts.zombies);
  io.Member("kernel_threads", counts.kernel_threads);
  io.Member("unreadable", counts.unreadable);
  io.Member("threads", counts.threads);
  io.Member("processes_truncated", counts.processes_truncated);
  io.Member("unattributed", counts.unattributed);
}

}  // namespace hullmark
