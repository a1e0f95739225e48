// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "agent/replay/describe_facts.h"
#include "agent/replay/describe_host.h"    // IWYU pragma: export
#include "agent/replay/describe_limits.h"  // IWYU pragma: export
#include "agent/replay/names.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// The table of the document that an index points into.
constexpr std::string_view TableOf(ProcessIndex /*index*/) { return "processes"; }
constexpr std::string_view TableOf(MountNamespaceIndex /*index*/) { return "mount_namespaces"; }
constexpr std::string_view TableOf(HierarchyIndex /*index*/) { return "hierarchies"; }
constexpr std::string_view TableOf(CgroupIndex /*index*/) { return "cgroups"; }
constexpr std::string_view TableOf(MembershipIndex /*index*/) { return "memberships"; }
constexpr std::string_view TableOf(ExecutableIndex /*index*/) { return "executables"; }
constexpr std::string_view TableOf(LabelIndex /*index*/) { return "labels"; }
constexpr std::string_view TableOf(RlimitsIndex /*index*/) { return "rlimits"; }
constexpr std::string_view TableOf(GroupListIndex /*index*/) { return "group_lists"; }
constexpr std::string_view TableOf(StdioIndex /*index*/) { return "stdios"; }
constexpr std::string_view TableOf(InvocationIndex /*index*/) { return "invocations"; }
constexpr std::string_view TableOf(SeccompProgramIndex /*index*/) { return "seccomp_programs"; }
constexpr std::string_view TableOf(SeccompFiltersIndex /*index*/) { return "seccomp_filters"; }
constexpr std::string_view TableOf(DeviceListIndex /*index*/) { return "device_lists"; }
constexpr std::string_view TableOf(IoLimitListIndex /*index*/) { return "io_limit_lists"; }

void Describe(auto& io, Is<UserNamespace> auto& space) {
  io.Member("inode", space.inode);
  io.Member("uid_map", space.uid_map);
  io.Member("gid_map", space.gid_map);
}

void Describe(auto& io, Is<MountNamespace> auto& space) {
  io.Member("inode", space.inode);
  io.Member("rootless_table", space.rootless_table);
  io.Member("truncated", space.truncated);
  io.Member("mounts", space.mounts);
}

void Describe(auto& io, Is<Hierarchy> auto& hierarchy) {
  io.Member("version", hierarchy.version);
  io.Member("name", hierarchy.name);
  io.Member("mount_point", hierarchy.mount_point);
  io.Flags("controllers", hierarchy.controllers, EnumNames(Controller{}));
  io.Member("whole", hierarchy.whole);
}

void Describe(auto& io, Is<Cgroup> auto& cgroup) {
  io.Member("hierarchy", cgroup.hierarchy);
  io.Member("parent", cgroup.parent);
  io.Member("path", cgroup.path);
  io.Member("inode", cgroup.inode);
  io.Member("deleted", cgroup.deleted);
  io.Row("memory", cgroup.memory, "memory_files");
  io.Row("cpu", cgroup.cpu, "cpu_files");
  io.Row("pids", cgroup.pids, "pids_files");
  io.Row("cpuset", cgroup.cpuset, "cpuset_files");
  io.Row("io", cgroup.io, "io_files");
  io.Row("devices", cgroup.devices, "device_files");
}

void Describe(auto& io, Is<Membership> auto& membership) {
  io.Member("cgroups", membership.cgroups);
  io.Member("outside_view", membership.outside_view);
}

void Describe(auto& io, Is<Executable> auto& executable) {
  io.Member("path", executable.path);
  io.Member("device", executable.device);
  io.Member("inode", executable.inode);
  io.Member("links", executable.links);
  io.Member("mount_id", executable.mount_id);
}

void Describe(auto& io, Is<Label> auto& label) {
  io.Member("module", label.module);
  io.Member("text", label.text);
}

void Describe(auto& io, Is<SeccompProgram> auto& program) {
  io.Member("instructions", program.instructions);
}

void Describe(auto& io, Is<SeccompFilters> auto& filters) {
  io.Member("programs", filters.programs);
  io.Member("permitted", filters.permitted);
  io.Member("permitted_compat", filters.permitted_compat);
}

void Describe(auto& io, Is<Task> auto& task) {
  io.Member("status", task.status);
  io.Member("namespaces", task.namespaces);
  io.Member("label", task.label);
  io.Member("cgroup", task.cgroup);
  io.Late("filters", task.filters);
}

void Describe(auto& io, Is<Process> auto& process) {
  io.Member("pid", process.pid);
  io.Member("stat", process.stat);
  io.Member("leader", process.leader);
  io.Member("threads_unread", process.threads_unread);
  io.Member("executable", process.executable);
  io.Member("rlimits", process.rlimits);
  io.Member("stdio", process.stdio);
  io.Member("invocation", process.invocation);
  io.Member("oom_score_adj", process.oom_score_adj);
}

void Describe(auto& io, Is<Thread> auto& thread) {
  io.Member("process", thread.process);
  io.Member("tid", thread.tid);
  io.Member("task", thread.task);
}

void Describe(auto& io, Is<ClaimedLabel> auto& label) {
  io.Member("key", label.key);
  io.Member("value", label.value);
}

void Describe(auto& io, Is<Claims> auto& claims) {
  io.Member("source", claims.source);
  io.Member("trust", claims.trust);
  io.Member("owner", claims.owner);
  io.Member("labels", claims.labels);
}

void Describe(auto& io, Is<KubernetesClaims> auto& claims) {
  io.Member("namespace", claims.name_space);
  io.Member("pod", claims.pod);
  io.Member("pod_uid", claims.pod_uid);
  io.Member("container", claims.container);
}

void Describe(auto& io, Is<ComposeClaims> auto& claims) {
  io.Member("project", claims.project);
  io.Member("service", claims.service);
}

void Describe(auto& io, Is<hullmark::Member> auto& member) {
  io.Member("process", member.process);
  io.Member("joined", member.joined);
  io.Member("outside_cgroup", member.outside_cgroup);
}

void Describe(auto& io, Is<EndedProcess> auto& ended) {
  io.Member("process", ended.process);
  io.Member("joined", ended.joined);
  io.Member("times", ended.times);
}

void Describe(auto& io, Is<LearnedPrograms> auto& learned) {
  io.Member("programs", learned.programs);
  io.Member("age", learned.age);
  io.Member("seconds", learned.seconds);
  io.Member("complete", learned.complete);
  io.Member("partial", learned.partial);
}

void Describe(auto& io, Is<Container> auto& container) {
  io.Member("id", container.id);
  io.Member("name", container.name);
  io.Member("runtime", container.runtime);
  io.Member("class", container.container_class);
  io.Member("claims", container.claims);
  io.Member("image", container.image);
  io.Member("kubernetes", container.kubernetes);
  io.Member("compose", container.compose);
  io.Member("notes", container.notes);
  io.Member("cgroup", container.cgroup);
  io.Row("parent", container.parent, "containers");
  io.Member("init", container.init);
  io.Member("mounts", container.mounts);
  io.Member("pod", container.pod);
  io.Member("zombies", container.zombies);
  io.Member("limits", container.limits);
  io.Member("members", container.members);
  io.Late("ended", container.ended);
  io.Late("learned", container.learned);
}

void Describe(auto& io, Is<Snapshot> auto& snapshot) {
  io.Member("tool_version", snapshot.tool_version);
  io.Member("taken_at", snapshot.taken_at);
  io.Member("vantage", snapshot.vantage);
  io.Member("counts", snapshot.counts);
  io.Member("host", snapshot.host);
  io.Member("label_keys", snapshot.label_keys);
  io.Member("containers", snapshot.containers);
  io.Member("processes", snapshot.processes);
  io.Member("threads", snapshot.threads);
  io.Member("user_namespaces", snapshot.user_namespaces);
  io.Member("mount_namespaces", snapshot.mount_namespaces);
  io.Member("hierarchies", snapshot.hierarchies);
  io.Member("cgroups", snapshot.cgroups);
  io.Member("memory_files", snapshot.memory_files);
  io.Member("cpu_files", snapshot.cpu_files);
  io.Member("pids_files", snapshot.pids_files);
  io.Member("cpuset_files", snapshot.cpuset_files);
  io.Member("io_files", snapshot.io_files);
  io.Member("device_files", snapshot.device_files);
  io.Member("memberships", snapshot.memberships);
  io.Member("executables", snapshot.executables);
  io.Member("labels", snapshot.labels);
  io.Member("rlimits", snapshot.rlimits);
  io.Member("group_lists", snapshot.group_lists);
  io.Member("stdios", snapshot.stdios);
  io.Member("invocations", snapshot.invocations);
  io.Member("device_lists", snapshot.device_lists);
  io.Member("io_limit_lists", snapshot.io_limit_lists);
  io.Late("seccomp_programs", snapshot.seccomp_programs);
  io.Late("seccomp_filters", snapshot.seccomp_filters);
}

}  // namespace hullmark
