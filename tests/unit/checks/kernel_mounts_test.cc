// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "checks/table.h"
#include "hullmark/caps.h"
#include "hullmark/check.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/checks/builder.h"
#include "tests/unit/checks/mount_scene.h"
#include "tests/unit/checks/say.h"

namespace hullmark::testing {
namespace {

struct Case {
  std::string_view name;
  void (*bend)(MountScene&);
  std::string_view expected;
};

template <std::size_t Size>
void ExpectVerdicts(std::string_view id, const Case (&cases)[Size], const Params& params) {
  for (const Case& each : cases) {
    MountScene scene;
    each.bend(scene);
    EXPECT_EQ(Say(Judge(FilesystemChecks(), id, scene, params)), each.expected) << each.name;
  }
}

// ---- FS-004 ----

void AddHostProc(MountScene& scene, bool read_only, std::string_view root = "/") {
  scene.InContainer({.at = "/host/proc",
                     .type = "proc",
                     .device = kHostProc,
                     .root = root,
                     .read_only = read_only});
}

constexpr Case kHostKernelCases[] = {
    {"docker's default, with parts of /proc bound on themselves", [](MountScene&) {}, "pass"},
    {"the host's procfs", [](MountScene& scene) { AddHostProc(scene, false); }, "fail"},
    {"the host's procfs, read-only", [](MountScene& scene) { AddHostProc(scene, true); },
     "fail high/25"},
    {"a part of the host's procfs", [](MountScene& scene) { AddHostProc(scene, false, "/sys"); },
     "fail"},
    {"a card's entry of the host's procfs",
     [](MountScene& scene) { AddHostProc(scene, true, "/driver/nvidia/gpus/0"); }, "pass"},
    {"the host's procfs in the host's pid namespace",
     [](MountScene& scene) {
       scene.At("/proc").device = kHostProc;
       scene.At("/proc/sys").device = kHostProc;
       scene.UseHost(NamespaceKind::kPid);
     },
     "pass"},
    {"the host's procfs, and nobody knows the pid namespace",
     [](MountScene& scene) {
       AddHostProc(scene, false);
       scene.task().namespaces.Set(NamespaceKind::kPid, Missing(ErrorCode::kDenied, 13));
     },
     "unknown"},
    {"the host's procfs below a mount that nobody inside can take away",
     [](MountScene& scene) {
       AddHostProc(scene, false);
       scene.InContainer({.at = "/host/proc", .type = "tmpfs", .device = {0, 99}});
     },
     "pass"},
    {"the host's procfs below a mount that the container can take away",
     [](MountScene& scene) {
       AddHostProc(scene, false);
       scene.InContainer({.at = "/host/proc", .type = "tmpfs", .device = {0, 99}});
       scene.status().bounding = CapSet{Cap::kSysAdmin};
     },
     "fail"},
    {"a mask replaced by a writable piece of procfs",
     [](MountScene& scene) {
       scene.InContainer({.at = "/dev/console",
                          .type = "proc",
                          .device = kOwnProc,
                          .root = "/sys/kernel/core_pattern"});
     },
     "fail"},
    {"a piece of procfs out of its place, read-only",
     [](MountScene& scene) {
       scene.InContainer(
           {.at = "/x", .type = "proc", .device = kOwnProc, .root = "/cpuinfo", .read_only = true});
     },
     "pass"},
    {"a writable part in its place, as lxc has for the network",
     [](MountScene& scene) {
       scene.InContainer(
           {.at = "/proc/sys/net", .type = "proc", .device = kOwnProc, .root = "/sys/net"});
     },
     "pass"},
    {"debugfs",
     [](MountScene& scene) {
       scene.InContainer({.at = "/sys/kernel/debug", .type = "debugfs", .device = {0, 7}});
     },
     "fail"},
    {"debugfs, read-only",
     [](MountScene& scene) {
       scene.InContainer(
           {.at = "/sys/kernel/debug", .type = "debugfs", .device = {0, 7}, .read_only = true});
     },
     "fail high/25"},
    {"the root of the cgroups, read-only, in the host's cgroup namespace",
     [](MountScene& scene) {
       scene.At("/sys/fs/cgroup").root = scene.snapshot.strings.Intern("/");
       scene.UseHost(NamespaceKind::kCgroup);
     },
     "pass"},
    {"the root of the cgroups, read-only, in a cgroup namespace of its own",
     [](MountScene& scene) {
       scene.At("/sys/fs/cgroup").root = scene.snapshot.strings.Intern("/");
     },
     "fail high/25"},
    {"the root of the cgroups, writable",
     [](MountScene& scene) {
       scene.At("/sys/fs/cgroup").root = scene.snapshot.strings.Intern("/");
       scene.At("/sys/fs/cgroup").flags.read_only = false;
       scene.UseHost(NamespaceKind::kCgroup);
     },
     "fail"},
    {"the root of the cgroups, as an observer in a cgroup namespace sees it",
     [](MountScene& scene) {
       scene.At("/sys/fs/cgroup").root = scene.snapshot.strings.Intern("/");
       scene.snapshot.vantage.whole_cgroup_view = false;
     },
     "unknown"},
    {"the host's mounts are unreadable",
     [](MountScene& scene) { scene.snapshot.host.mounts = Missing(ErrorCode::kDenied, 13); },
     "unknown"},
    {"unreadable",
     [](MountScene& scene) { scene.container().mounts = Missing(ErrorCode::kDenied, 13); },
     "unknown"},
};

TEST(NoHostKernelFilesystems, TellsTheHostsFromItsOwn) {
  ExpectVerdicts("FS-004", kHostKernelCases, Of({Strings({"debugfs", "bpf"}), std::int64_t{25}}));
}

// ---- FS-005 ----

constexpr Case kMaskCases[] = {
    {"docker's default", [](MountScene&) {}, "pass"},
    {"a file shows", [](MountScene& scene) { scene.Unmount("/proc/keys"); }, "fail"},
    {"a directory shows", [](MountScene& scene) { scene.Unmount("/sys/firmware"); }, "fail"},
    {"a recommended one shows",
     [](MountScene& scene) {
       scene.snapshot.host.masked_paths_present->emplace_back(
           "/sys/devices/system/cpu/cpu3/thermal_throttle");
     },
     "fail low/1"},
    {"masked by the host's null device, with a user namespace",
     [](MountScene& scene) { scene.At("/proc/keys").device = kHostDev; }, "pass"},
    {"masked by something else than the null device",
     [](MountScene& scene) {
       scene.At("/proc/keys").root = scene.snapshot.strings.Intern("/pts/0");
     },
     "fail"},
    {"masked by a directory that can be written",
     [](MountScene& scene) { scene.At("/proc/acpi").flags.read_only = false; }, "fail"},
    {"a path that the host lacks",
     [](MountScene& scene) {
       scene.snapshot.host.masked_paths_present = std::vector<std::string>{"/proc/acpi"};
       scene.Unmount("/proc/keys");
     },
     "pass"},
    {"a host that has none of them",
     [](MountScene& scene) { scene.snapshot.host.masked_paths_present->clear(); }, "n/a"},
    {"no sysfs, so no firmware directory",
     [](MountScene& scene) {
       scene.Unmount("/sys/firmware");
       scene.Unmount("/sys/fs/cgroup");
       scene.Unmount("/sys");
     },
     "pass"},
    {"a second procfs on top hides the masks",
     [](MountScene& scene) {
       scene.InContainer({.at = "/proc", .type = "proc", .device = kOwnProc});
     },
     "fail"},
    {"no procfs",
     [](MountScene& scene) {
       for (const auto* at : {"/proc", "/proc/bus", "/proc/sys"}) scene.Unmount(at);
     },
     "n/a"},
    {"nobody looked which files the host has",
     [](MountScene& scene) {
       scene.snapshot.host.masked_paths_present = Missing(ErrorCode::kDenied, 13);
     },
     "unknown"},
    {"cut off", [](MountScene& scene) { scene.Own().truncated = true; }, "unknown"},
    {"unreadable",
     [](MountScene& scene) { scene.container().mounts = Missing(ErrorCode::kDenied, 13); },
     "unknown"},
};

TEST(KernelFilesMasked, LooksAtTheMountOnTop) {
  using Globs = std::vector<Glob>;
  ExpectVerdicts(
      "FS-005", kMaskCases,
      Of({Globs{Glob("/proc/acpi"), Glob("/proc/keys"), Glob("/sys/firmware"),
                Glob("/proc/sched_debug")},
          Globs{Glob("/sys/devices/system/cpu/cpu*/thermal_throttle")}, std::int64_t{1}}));
}

// ---- FS-006 ----

constexpr Case kTunableCases[] = {
    {"docker's default", [](MountScene&) {}, "pass"},
    {"writable", [](MountScene& scene) { scene.At("/proc/sys").flags.read_only = false; }, "fail"},
    {"not mounted apart", [](MountScene& scene) { scene.Unmount("/proc/bus"); }, "fail"},
    {"all of /proc read-only",
     [](MountScene& scene) {
       scene.Unmount("/proc/sys");
       scene.Unmount("/proc/bus");
       scene.At("/proc").flags.read_only = true;
     },
     "pass"},
    {"writable in a user namespace of its own",
     [](MountScene& scene) {
       scene.At("/proc/sys").flags.read_only = false;
       scene.UseMaps({}, {});
     },
     "fail medium/4"},
    {"a second procfs on top",
     [](MountScene& scene) {
       scene.InContainer({.at = "/proc", .type = "proc", .device = kOwnProc});
     },
     "fail"},
    {"a writable part of a read-only path",
     [](MountScene& scene) {
       scene.InContainer(
           {.at = "/proc/sys/kernel", .type = "proc", .device = kOwnProc, .root = "/sys/kernel"});
     },
     "fail"},
    {"writable settings of its own network, as lxc has",
     [](MountScene& scene) {
       scene.InContainer(
           {.at = "/proc/sys/net", .type = "proc", .device = kOwnProc, .root = "/sys/net"});
     },
     "pass"},
    {"writable settings of the host's network",
     [](MountScene& scene) {
       scene.InContainer(
           {.at = "/proc/sys/net", .type = "proc", .device = kOwnProc, .root = "/sys/net"});
       scene.UseHost(NamespaceKind::kNet);
     },
     "fail"},
    {"a path that the host lacks",
     [](MountScene& scene) {
       scene.snapshot.host.masked_paths_present = std::vector<std::string>{"/proc/sys"};
       scene.Unmount("/proc/bus");
     },
     "pass"},
    {"nobody looked which of them the host has",
     [](MountScene& scene) { scene.snapshot.host.masked_paths_present->clear(); }, "unknown"},
    {"no procfs",
     [](MountScene& scene) {
       for (const auto* at : {"/proc", "/proc/bus", "/proc/sys"}) scene.Unmount(at);
     },
     "n/a"},
    {"cut off", [](MountScene& scene) { scene.Own().rootless_table = true; }, "unknown"},
    {"unreadable",
     [](MountScene& scene) { scene.container().mounts = Missing(ErrorCode::kDenied, 13); },
     "unknown"},
};

TEST(KernelTunablesReadOnly, LooksAtTheMountOnTopAndBelow) {
  ExpectVerdicts("FS-006", kTunableCases,
                 Of({Strings({"/proc/sys", "/proc/sysrq-trigger", "/proc/bus"}), std::int64_t{4}}));
}

// ---- FS-007 ----

void Delegate(MountScene& scene) {
  scene.At("/sys/fs/cgroup").flags.read_only = false;
  scene.UseMaps({}, {});
}

constexpr Case kSysCases[] = {
    {"docker's default", [](MountScene&) {}, "pass"},
    {"sysfs writable", [](MountScene& scene) { scene.At("/sys").flags.read_only = false; }, "fail"},
    {"cgroups writable",
     [](MountScene& scene) { scene.At("/sys/fs/cgroup").flags.read_only = false; }, "fail"},
    {"cgroups delegated to a user namespace", Delegate, "fail low/3"},
    {"cgroups of version 1 are never delegated",
     [](MountScene& scene) {
       Delegate(scene);
       scene.At("/sys/fs/cgroup").type = scene.snapshot.strings.Intern("cgroup");
     },
     "fail"},
    {"cgroups in a user namespace, but the host's cgroup namespace",
     [](MountScene& scene) {
       Delegate(scene);
       scene.UseHost(NamespaceKind::kCgroup);
     },
     "fail"},
    {"a tmpfs above the hierarchies of version 1",
     [](MountScene& scene) {
       scene.InContainer({.at = "/sys/fs/cgroup", .type = "tmpfs", .device = {0, 99}});
     },
     "pass"},
    {"read-only, and a process that can remount",
     [](MountScene& scene) {
       const std::size_t entered = scene.AddProcess();
       scene.status(entered).effective = CapSet{Cap::kSysAdmin};
     },
     "fail"},
    {"read-only, and a process that may raise what it needs",
     [](MountScene& scene) { scene.status().permitted = CapSet{Cap::kSysAdmin}; }, "fail"},
    {"read-only, and a thread that can remount",
     [](MountScene& scene) {
       Thread thread = {.process = scene.member().process, .tid = Pid{7}, .task = scene.task()};
       thread.task.status->effective = CapSet{Cap::kSysAdmin};
       scene.snapshot.threads.push_back(thread);
     },
     "fail"},
    {"read-only, and threads that nobody read",
     [](MountScene& scene) { scene.process().threads_unread = 1; }, "unknown"},
    {"read-only, and an administrator of a user namespace",
     [](MountScene& scene) {
       scene.status().effective = CapSet{Cap::kSysAdmin};
       scene.UseMaps({}, {});
     },
     "pass"},
    {"read-only, and an unreadable process",
     [](MountScene& scene) { scene.task().status = Missing(ErrorCode::kDenied, 13); }, "unknown"},
    {"no /sys at all",
     [](MountScene& scene) {
       for (const auto* at : {"/sys", "/sys/fs/cgroup", "/sys/firmware"}) scene.Unmount(at);
     },
     "pass"},
    {"cut off", [](MountScene& scene) { scene.Own().truncated = true; }, "unknown"},
    {"cut off, and a process that can remount",
     [](MountScene& scene) {
       scene.Own().truncated = true;
       scene.status().effective = CapSet{Cap::kSysAdmin};
     },
     "fail"},
    {"no processes", [](MountScene& scene) { scene.container().members.clear(); }, "unknown"},
};

TEST(SysAndCgroupReadOnly, CountsWhoCanRemount) {
  ExpectVerdicts("FS-007", kSysCases, Of({std::int64_t{3}}));
}

TEST(SysAndCgroupReadOnly, ProvesTheWorsePart) {
  MountScene scene;
  scene.Own().truncated = true;
  scene.status().effective = CapSet{Cap::kSysAdmin};
  EXPECT_EQ(Proof(FilesystemChecks(), "FS-007", scene, Of({std::int64_t{3}})),
            std::vector<std::string>{
                "status: CapEff has CAP_SYS_ADMIN: read-only mounts can be remounted"});
}

}  // namespace
}  // namespace hullmark::testing
