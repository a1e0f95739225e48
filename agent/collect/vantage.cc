// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <optional>
#include <string>
#include <string_view>

#include "agent/base/file.h"
#include "agent/collect/collect.h"
#include "agent/collect/reference.h"
#include "agent/parse/mountinfo.h"
#include "agent/parse/proc_status.h"
#include "hullmark/caps.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::string_view kAsRoot = "run it as root on the host: sudo hullmark audit";

void Report(Snapshot& snapshot, std::string_view id, std::string_view text,
            std::string_view remedy) {
  snapshot.vantage.problems.push_back(
      {.id = std::string(id), .text = std::string(text), .remedy = std::string(remedy)});
}

// False where it cannot be read: our capabilities are not known then.
bool ReadOwnStatus(const Roots& roots, Snapshot& snapshot, ReadBuffer& buffer) {
  snapshot.vantage.uid = Uid{geteuid()};
  const auto text = buffer.Read(roots.proc.get(), "self/status");
  if (!text) return false;
  const auto status = ParseProcStatus(*text);
  if (!status) return false;
  snapshot.vantage.uid = status->facts.uid.effective;
  snapshot.vantage.capabilities = status->facts.effective;
  return true;
}

// Options of the procfs that we read: they may hide processes or files. nullopt: not to be told.
std::optional<std::string> OwnProcOptions(const Roots& roots, Snapshot& snapshot,
                                          ReadBuffer& buffer) {
  const auto text = buffer.Read(roots.proc.get(), "self/mountinfo");
  if (!text) return std::nullopt;
  const auto lines = ParseMountinfoWithOptions(*text, snapshot.strings);
  if (!lines) return std::nullopt;
  std::optional<std::string> options;
  for (const MountLine& line : *lines) {  // The last mount on a place covers those before it.
    if (snapshot.Text(line.mount.mount_point) == roots.proc_mount_point)
      options = line.super_options;
  }
  return options;
}

bool HidesProcesses(std::string_view hidepid) {
  return !hidepid.empty() && hidepid != "0" && hidepid != "off";
}

void ReportProcOptions(const std::string& options, Snapshot& snapshot) {
  const auto hidepid = SuperOption(options, "hidepid").value_or("");
  if (HidesProcesses(hidepid)) {
    Report(snapshot, "hidepid",
           "/proc is mounted with hidepid=" + std::string(hidepid) +
               ": processes of others may be invisible, so the inventory may be incomplete",
           "mount /proc without hidepid for hullmark, or give it the exempt group (gid=)");
  }
  if (SuperOption(options, "subset").value_or("") == "pid") {
    Report(snapshot, "subset-pid", "/proc shows processes only: /proc/sys and /proc/net are hidden",
           "mount /proc without subset=pid for hullmark");
  }
}

void ReportNamespaces(Snapshot& snapshot) {
  if (!snapshot.vantage.initial_pid_namespace) {
    Report(snapshot, "pid-namespace",
           "hullmark runs in a pid namespace of its own: only the processes in it are visible, and "
           "what is the host's cannot be told",
           "run it on the host, or in a container with --pid=host");
  }
  if (!snapshot.vantage.initial_user_namespace) {
    Report(snapshot, "user-namespace",
           "hullmark runs in a user namespace of its own: user ids are not the host's", kAsRoot);
  }
}

void ReportPrivileges(const Roots& roots, Snapshot& snapshot, ReadBuffer& buffer) {
  if (!ReadOwnStatus(roots, snapshot, buffer)) {
    Report(snapshot, "own-status",
           "hullmark's own status cannot be read: what it may see of other processes is not known",
           "make /proc/self/status readable for hullmark");
    return;
  }
  if (snapshot.vantage.capabilities.Has(Cap::kSysPtrace)) return;
  const bool root = snapshot.vantage.uid == Uid{0};
  Report(snapshot, "no-ptrace-access",
         std::string(root ? "hullmark lacks CAP_SYS_PTRACE" : "hullmark does not run as root") +
             ": namespaces, executables and descriptors of other users' processes cannot be read",
         root ? "give it CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH" : kAsRoot);
}

void ReportCgroups(Snapshot& snapshot) {
  bool whole = !snapshot.hierarchies.empty();
  for (const Hierarchy& hierarchy : snapshot.hierarchies) {
    const bool matters = hierarchy.controllers != 0 || hierarchy.version == CgroupVersion::kV2;
    if (matters && !hierarchy.whole) whole = false;
  }
  for (const Membership& membership : snapshot.memberships) {
    if (membership.outside_view) whole = false;
  }
  snapshot.vantage.whole_cgroup_view = whole;
  if (whole) return;
  Report(snapshot, snapshot.hierarchies.empty() ? "no-cgroups" : "partial-cgroup-view",
         snapshot.hierarchies.empty()
             ? "no cgroup hierarchy is mounted: limits cannot be read"
             : "only a part of the cgroup tree is visible: limits above it cannot be read",
         "run it with the host's cgroup namespace and /sys/fs/cgroup mounted whole");
}

void ReportMounts(const Roots& roots, Snapshot& snapshot, ReadBuffer& buffer) {
  const auto options = OwnProcOptions(roots, snapshot, buffer);
  if (options) {
    ReportProcOptions(*options, snapshot);
    ReportCgroups(snapshot);
    return;
  }
  Report(snapshot, "own-mounts",
         "hullmark's own mount table cannot be read, or lacks /proc: whether processes are hidden "
         "and where cgroups are mounted is not known",
         "make /proc/self/mountinfo readable for hullmark");
}

}  // namespace

void CollectStanding(const Roots& roots, Snapshot& snapshot, ReadBuffer& buffer) {
  (void)ReadOwnStatus(roots, snapshot, buffer);
  const auto options = OwnProcOptions(roots, snapshot, buffer);
  // A copied tree need not tell how it was mounted.
  snapshot.vantage.hidepid =
      options ? HidesProcesses(SuperOption(*options, "hidepid").value_or("")) : !roots.plain;
}

void CollectVantage(const Roots& roots, Snapshot& snapshot, ReadBuffer& buffer) {
  ReportPrivileges(roots, snapshot, buffer);
  ReportNamespaces(snapshot);
  ReportMounts(roots, snapshot, buffer);
  if (snapshot.host.lockdown && *snapshot.host.lockdown == "confidentiality") {
    Report(snapshot, "lockdown",
           "the kernel is locked down for confidentiality: device programs of cgroups may be "
           "unreadable",
           "none while this lockdown is in force");
  }
  if (snapshot.counts.processes_truncated) {
    Report(snapshot, "too-many-processes",
           "more processes than hullmark accepts: some were not read",
           "none; please report the size of this host");
  }
}

}  // namespace hullmark
