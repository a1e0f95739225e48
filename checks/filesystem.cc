// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checks/host_directories.h"
#include "checks/kernel_mounts.h"
#include "checks/mount_findings.h"
#include "checks/mount_paths.h"
#include "checks/table.h"
#include "checks/verdicts.h"
#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/glob.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

// ---- FS-001 and FS-011 ----

constexpr ParamSpec kRuntimeParams[] = {{"runtime_sockets", ParamType::kGlobs}};
constexpr ParamSpec kServiceParams[] = {{"host_service_sockets", ParamType::kGlobs}};

enum class Sought : std::uint8_t {
  kRuntimeSockets,  // Sockets of the list, and those a runtime was found to listen on.
  kServices,        // Sockets and directories of the list.
};

// A kubelet's sockets register devices and tell of pods; nobody starts a container through them.
bool StartsContainers(std::string_view daemon) { return daemon != "kubelet"; }

bool IsSought(const HostPath& path, Sought sought, const std::vector<Glob>& globs) {
  if (sought == Sought::kRuntimeSockets) {
    if (!path.socket) return false;
    if (path.pattern.empty()) return StartsContainers(path.daemon);
  }
  return std::ranges::any_of(globs, [&](const Glob& glob) {
    return glob.pattern() == path.pattern || glob.Matches(path.path);
  });
}

// The mount by which a container reaches a place of the host; nullptr: none does. Read-only mounts
// count, because connecting to a socket is no write.
const Mount* WayTo(const ContainerView& view, const MountTable& table, const Place& place) {
  const Snapshot& snapshot = view.snapshot;
  for (const Mount& mount : table.mounts) {
    const Place shown = PlaceOf(snapshot, mount);
    if (mount.flags.root_deleted || !Holds(shown, place)) continue;
    const auto here = Rebase(place.path, WindowOf(snapshot, mount));
    if (CanUnmount(view) || CoveringMount(snapshot, table.mounts, here) == &mount) return &mount;
  }
  return nullptr;
}

Verdict NoneReachable(const ContainerView& view, Sought sought, const std::vector<Glob>& globs,
                      EvidenceOut out) {
  const Snapshot& snapshot = view.snapshot;
  const Host& host = snapshot.host;
  const Fact<MountTable> table = MountsOf(snapshot, view.container.mounts);
  if (!table) return UnknownMounts(view, out, table.error());
  MountFindings findings(view, out);
  for (const HostPath& path : host.paths) {
    const Place place = {.device = path.device, .path = path.root};
    const Mount* const way = WayTo(view, *table, place);
    if (way == nullptr || !IsSought(path, sought, globs)) continue;
    findings.Fail({}, [&] {
      return Cut(snapshot.Text(way->mount_point)) + " reaches the host's " + Cut(path.path);
    });
  }
  if (!host.mounts) findings.Unknown(kHostMountinfo, host.mounts.error());
  if (sought == Sought::kRuntimeSockets && !host.unix_sockets_read) {
    findings.Unknown("/proc/net/unix", host.unix_sockets_read.error());
  }
  for (const Glob& glob : globs) {
    if (std::ranges::find(host.looked_for, glob.pattern()) == host.looked_for.end()) {
      findings.Unknown(glob.pattern(), Fault{ErrorCode::kNotRead});
    }
  }
  return findings.Finish(*table, Pass());
}

Verdict NoRuntimeSocket(const ContainerView& view, const Params& params, EvidenceOut out) {
  return NoneReachable(view, Sought::kRuntimeSockets, params.Globs(0), out);
}

Verdict NoHostServiceSocket(const ContainerView& view, const Params& params, EvidenceOut out) {
  return NoneReachable(view, Sought::kServices, params.Globs(0), out);
}

// ---- FS-008 ----

// Peer groups are numbered for the whole kernel: one that the host has too carries mounts both
// ways.
const Mount* PeerOnHost(const MountTable& host, std::uint32_t group) {
  const auto found = std::ranges::find(host.mounts, group, &Mount::shared);
  return found == host.mounts.end() ? nullptr : &*found;
}

Verdict MountsNotShared(const ContainerView& view, const Params&, EvidenceOut out) {
  const Snapshot& snapshot = view.snapshot;
  const Fact<MountTable> table = MountsOf(snapshot, view.container.mounts);
  if (!table) return UnknownMounts(view, out, table.error());
  const Fact<MountTable> host = MountsOf(snapshot, snapshot.host.mounts);
  MountFindings findings(view, out);
  for (const Mount& mount : table->mounts) {
    if (mount.shared == 0) continue;
    if (!host) {
      findings.Unknown(kHostMountinfo, host.error());
      continue;
    }
    const Mount* const peer = PeerOnHost(*host, mount.shared);
    if (peer == nullptr && !host->complete) {
      findings.Unknown(kHostMountinfo, Fault{ErrorCode::kTruncated});
    }
    if (peer == nullptr) continue;
    findings.Fail({}, [&] {
      return Cut(snapshot.Text(mount.mount_point)) + " is shared:" + std::to_string(mount.shared) +
             " with the host's " + Cut(snapshot.Text(peer->mount_point));
    });
  }
  return findings.Finish(*table, Pass());
}

// ---- FS-009 ----

Verdict RootReadOnly(const ContainerView& view, const Params&, EvidenceOut out) {
  const Fact<MountTable> table = MountsOf(view.snapshot, view.container.mounts);
  if (!table) return UnknownMounts(view, out, table.error());
  const Mount* const root = CoveringMount(view.snapshot, table->mounts, "/");
  if (root == nullptr) return Unknown(out, kMountinfo, "no mount at /");
  if (ReadOnly(*root)) return Pass();
  MountFindings findings(view, out);
  findings.Fail({}, [] { return std::string("/ is writable"); });
  return findings.Finish(*table, Pass());
}

constexpr Check kChecks[] = {
    {.id = "FS-001", .evaluate = NoRuntimeSocket, .params = kRuntimeParams},
    {.id = "FS-002", .evaluate = NoHostRoot, .params = kHostRootParams},
    {.id = "FS-003", .evaluate = NoSensitiveHostDirectories, .params = kHostDirectoryParams},
    {.id = "FS-004", .evaluate = NoHostKernelFilesystems, .params = kKernelFilesystemParams},
    {.id = "FS-005", .evaluate = KernelFilesMasked, .params = kMaskParams},
    {.id = "FS-006", .evaluate = KernelTunablesReadOnly, .params = kTunablesParams},
    {.id = "FS-007", .evaluate = SysAndCgroupReadOnly, .params = kSysParams},
    {.id = "FS-008", .evaluate = MountsNotShared, .params = {}},
    {.id = "FS-009", .evaluate = RootReadOnly, .params = {}},
    {.id = "FS-011", .evaluate = NoHostServiceSocket, .params = kServiceParams},
};

}  // namespace

std::span<const Check> FilesystemChecks() { return kChecks; }

}  // namespace hullmark
