// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/reference.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include "agent/base/file.h"
#include "agent/collect/collect.h"
#include "agent/parse/limit_files.h"
#include "agent/parse/mountinfo.h"
#include "agent/parse/namespace_link.h"
#include "agent/parse/proc_stat.h"
#include "agent/parse/proc_status.h"
#include "hullmark/caps.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

// Inode numbers that the kernel has given its first namespaces since 3.8 (include/linux/proc_ns.h),
// by NamespaceKind; those of mnt and net are fixed only on recent kernels, so they are none here.
constexpr std::array<std::uint32_t, kNamespaceKinds> kInitial = {
    0, 0xEFFFFFFC, 0, 0xEFFFFFFF, 0xEFFFFFFE, 0xEFFFFFFD, 0xEFFFFFFB, 0xEFFFFFFA};

constexpr auto ConstantOf(NamespaceKind kind) { return kInitial[std::to_underlying(kind)]; }

// What pid 1 always has is not found where hidepid keeps pid 1 from us.
Fault OfPid1(Fault fault) {
  return fault.code == ErrorCode::kNotFound ? Fault{.code = ErrorCode::kVantage} : fault;
}

Fact<NamespaceInode> ReadNamespace(const Roots& roots, ReadBuffer& buffer, std::string_view process,
                                   NamespaceKind kind) {
  const std::string path =
      std::string(process) + "/ns/" + std::string(kNamespaceNames[std::to_underlying(kind)]);
  const auto link = buffer.ReadLink(roots.proc.get(), path.c_str());
  return link ? ParseNamespaceLink(*link, kind) : std::unexpected(link.error());
}

// A kernel thread is in the first namespaces for life; a user process that happens to be pid 2 of
// some other pid namespace is not.
bool Pid2IsKernelThread(const Roots& roots, ReadBuffer& buffer) {
  const auto text = buffer.Read(roots.proc.get(), "2/stat");
  if (!text) return false;
  const auto stat = ParseProcStat(*text);
  return stat && (stat->facts.flags & ProcStat::kKernelThread) != 0;
}

void CollectNamespaces(const Roots& roots, Snapshot& snapshot, ReadBuffer& buffer) {
  const bool kthreadd = Pid2IsKernelThread(roots, buffer);
  const bool pid1 = snapshot.vantage.initial_pid_namespace;
  for (std::size_t at = 0; at < kNamespaceKinds; ++at) {
    const auto kind = static_cast<NamespaceKind>(at);
    auto& reference = snapshot.host.namespaces[at];
    const auto own = ReadNamespace(roots, buffer, "self", kind);
    if (own || own.error().code != ErrorCode::kNotFound) {
      snapshot.host.namespace_kinds |= static_cast<std::uint8_t>(1U << at);
    }
    const auto of_pid1 = pid1 ? ReadNamespace(roots, buffer, "1", kind)
                              : Fact<NamespaceInode>(Missing(ErrorCode::kVantage));
    if (of_pid1) {
      reference = ReferenceNamespace{.inode = *of_pid1, .source = ReferenceSource::kPid1};
      continue;
    }
    if (const auto of_kthreadd = ReadNamespace(roots, buffer, "2", kind); kthreadd && of_kthreadd) {
      reference = ReferenceNamespace{.inode = *of_kthreadd, .source = ReferenceSource::kKthreadd};
    } else if (ConstantOf(kind) != 0) {
      reference = ReferenceNamespace{.inode = NamespaceInode{ConstantOf(kind)},
                                     .source = ReferenceSource::kConstant};
    } else {
      reference = std::unexpected(OfPid1(of_pid1.error()));
    }
  }
}

void CollectCapabilities(const Roots& roots, Snapshot& snapshot, ReadBuffer& buffer) {
  const auto last = buffer.Read(roots.proc.get(), "sys/kernel/cap_last_cap");
  const auto number = last ? ParseNumber(*last) : std::unexpected(last.error());
  if (number && *number < 64) {
    snapshot.host.last_cap = static_cast<int>(*number);
  } else {
    snapshot.host.last_cap =
        number ? Missing(ErrorCode::kMalformed) : std::unexpected(number.error());
  }
  if (!snapshot.vantage.initial_pid_namespace) {
    snapshot.host.bounding = Missing(ErrorCode::kVantage);
    return;
  }
  const auto text = buffer.Read(roots.proc.get(), "1/status");
  const auto status = text ? ParseProcStatus(*text) : std::unexpected(text.error());
  snapshot.host.bounding =
      status ? Fact<CapSet>(status->facts.bounding) : std::unexpected(OfPid1(status.error()));
}

bool OwnIs(const Roots& roots, ReadBuffer& buffer, NamespaceKind kind) {
  const auto own = ReadNamespace(roots, buffer, "self", kind);
  return own && *own == NamespaceInode{ConstantOf(kind)};
}

}  // namespace

void CollectReference(const Roots& roots, Snapshot& snapshot, ReadBuffer& buffer) {
  Vantage& vantage = snapshot.vantage;
  vantage.initial_pid_namespace = OwnIs(roots, buffer, NamespaceKind::kPid);
  vantage.initial_user_namespace = OwnIs(roots, buffer, NamespaceKind::kUser);
  vantage.host_namespaces = vantage.initial_pid_namespace && vantage.initial_user_namespace &&
                            OwnIs(roots, buffer, NamespaceKind::kCgroup);
  CollectStanding(roots, snapshot, buffer);
  CollectNamespaces(roots, snapshot, buffer);
  CollectCapabilities(roots, snapshot, buffer);
}

void CollectHostMounts(const Roots& roots, const CollectOptions& options, Snapshot& snapshot,
                       ReadBuffer& buffer) {
  if (!snapshot.vantage.initial_pid_namespace) {
    snapshot.host.mounts = Missing(ErrorCode::kVantage);
    return;
  }
  static constexpr std::array kProcesses = {"1/mountinfo", "2/mountinfo"};
  for (const char* const path : kProcesses) {
    const auto text = buffer.Read(roots.proc.get(), path);
    if (!text) {
      snapshot.host.mounts = std::unexpected(OfPid1(text.error()));
      continue;
    }
    auto parsed = ParseMountinfo(*text, snapshot.strings, options.most_mounts);
    if (!parsed || parsed->truncated || parsed->mounts.empty()) {
      snapshot.host.mounts =
          parsed ? Missing(ErrorCode::kTruncated) : std::unexpected(parsed.error());
      continue;
    }
    // The row is found again by its inode once all are sorted; without one it has a place of its
    // own.
    const auto& reference = snapshot.host.namespaces[std::to_underlying(NamespaceKind::kMnt)];
    snapshot.mount_namespaces.push_back({.inode = reference ? reference->inode : NamespaceInode{0},
                                         .mounts = std::move(parsed->mounts)});
    snapshot.host.mounts = MountNamespaceIndex{0};
    return;
  }
}

}  // namespace hullmark
