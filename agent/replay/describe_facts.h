// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "agent/replay/names.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

// The members of every record, named once for both directions: Describe(io, record) calls
// io.Member(name, member) in the order of the document, and io is a SnapshotWriter or a
// SnapshotReader (whose kReads is true). A document is thereby read as it is written by
// construction.
namespace hullmark {

// A reference to T in a reader, to const T in a writer.
template <typename T, typename Record>
concept Is = std::same_as<std::remove_const_t<T>, Record>;

template <typename T>
inline constexpr bool kIsIdQuadruple = false;
template <typename Id>
inline constexpr bool kIsIdQuadruple<IdQuadruple<Id>> = true;

template <typename T>
concept IsIdQuadruple = kIsIdQuadruple<std::remove_const_t<T>>;

void Describe(auto& io, Is<DeviceNumber> auto& device) {
  io.Member("major", device.major);
  io.Member("minor", device.minor);
}

void Describe(auto& io, IsIdQuadruple auto& ids) {
  io.Member("real", ids.real);
  io.Member("effective", ids.effective);
  io.Member("saved", ids.saved);
  io.Member("fs", ids.fs);
}

void Describe(auto& io, Is<ProcStatus> auto& status) {
  io.Member("uid", status.uid);
  io.Member("gid", status.gid);
  io.Member("groups", status.groups);
  io.Member("pid_depth", status.pid_depth);
  io.Member("innermost_pid", status.innermost_pid);
  io.Member("kernel_thread", status.kernel_thread);
  io.Member("threads", status.threads);
  io.Member("inheritable", status.inheritable);
  io.Member("permitted", status.permitted);
  io.Member("effective", status.effective);
  io.Member("bounding", status.bounding);
  io.Member("ambient", status.ambient);
  io.Member("no_new_privs", status.no_new_privs);
  io.Member("seccomp", status.seccomp);
  io.Member("seccomp_filters", status.seccomp_filters);
}

void Describe(auto& io, Is<ProcStat> auto& stat) {
  io.Member("state", stat.state);
  io.Member("parent", stat.parent);
  io.Member("tty", stat.tty);
  io.Member("flags", stat.flags);
  io.Member("start", stat.start);
}

template <typename Io>
void Describe(Io& io, Is<Namespaces> auto& namespaces) {
  for (std::size_t i = 0; i < kNamespaceKinds; ++i) {
    // NOLINTNEXTLINE(misc-const-correctness): what reads changes it.
    Fact<NamespaceInode> inode = namespaces[static_cast<NamespaceKind>(i)];
    io.Member(kNamespaceNames[i], inode);
    if constexpr (Io::kReads) namespaces.Set(static_cast<NamespaceKind>(i), inode);
  }
}

void Describe(auto& io, Is<IdExtent> auto& extent) {
  io.Member("inside", extent.inside);
  io.Member("outside", extent.outside);
  io.Member("count", extent.count);
}

void Describe(auto& io, Is<Rlimit> auto& limit) {
  io.Member("soft", limit.soft);
  io.Member("hard", limit.hard);
}

void Describe(auto& io, Is<Rlimits> auto& limits) {
  io.Member("nofile", limits.nofile);
  io.Member("nproc", limits.nproc);
  io.Member("core", limits.core);
  io.Member("memlock", limits.memlock);
}

// MountFlags are bit fields, which nothing can refer to; here they are one byte, first flag lowest.
constexpr std::uint8_t BitsOf(const MountFlags& flags) {
  return static_cast<std::uint8_t>(
      unsigned{flags.read_only} | unsigned{flags.no_suid} << 1 | unsigned{flags.no_dev} << 2 |
      unsigned{flags.super_read_only} << 3 | unsigned{flags.root_deleted} << 4);
}

constexpr MountFlags MountFlagsOf(std::uint8_t bits) {
  return {.read_only = (bits & 1) != 0,
          .no_suid = (bits >> 1 & 1) != 0,
          .no_dev = (bits >> 2 & 1) != 0,
          .super_read_only = (bits >> 3 & 1) != 0,
          .root_deleted = (bits >> 4 & 1) != 0};
}

template <typename Io>
void Describe(Io& io, Is<Mount> auto& mount) {
  io.Member("id", mount.id);
  io.Member("parent", mount.parent);
  io.Member("device", mount.device);
  io.Member("root", mount.root);
  io.Member("mount_point", mount.mount_point);
  io.Member("type", mount.type);
  io.Member("source", mount.source);
  io.Member("upper_dir", mount.upper_dir);
  io.Member("shared", mount.shared);
  io.Member("master", mount.master);
  // NOLINTNEXTLINE(misc-const-correctness): what reads changes it.
  std::uint8_t flags = BitsOf(mount.flags);
  io.Flags("flags", flags, MountFlagNames());
  if constexpr (Io::kReads) mount.flags = MountFlagsOf(flags);
}

void Describe(auto& io, Is<Stdio> auto& stdio) {
  io.Member("kind", stdio.kind);
  io.Member("socket", stdio.socket);
}

void Describe(auto& io, Is<Invocation> auto& invocation) {
  io.Member("program", invocation.program);
  io.Member("command_option", invocation.command_option);
  io.Member("interactive_option", invocation.interactive_option);
  io.Member("operand", invocation.operand);
}

}  // namespace hullmark
