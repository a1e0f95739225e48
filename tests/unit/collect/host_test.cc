// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/collect/host_scene.h"

namespace hullmark {
namespace {

Fact<std::string> ValueOf(const Host& host, std::string_view name) {
  const auto found = std::ranges::find(host.sysctls, name, &Sysctl::name);
  return found == host.sysctls.end() ? Missing(ErrorCode::kNotRead) : found->value;
}

TEST_F(HostTest, NothingReadIsNothingClaimed) {
  const Host& host = Collected();
  EXPECT_FALSE(host.lsm || host.apparmor_enabled || host.selinux_enforcing || host.lockdown);
  EXPECT_FALSE(host.apparmor_enforced_profiles || host.module_signatures_enforced);
  EXPECT_FALSE(host.command_line || host.seccomp_filter_available || host.memory_bytes);
  EXPECT_FALSE(host.swap_active || host.cpus_online || host.unix_sockets_read || host.core_program);
  for (const auto& enabled : host.controllers) EXPECT_FALSE(enabled);
  for (const auto& sysctl : host.sysctls) EXPECT_FALSE(sysctl.value) << sysctl.name;
  EXPECT_EQ(host.masked_paths_present, std::vector<std::string>{"/proc/sys"});
}

TEST_F(HostTest, ReadsTheKernelsSettings) {
  tree_.Write("proc/sys/kernel/hostname", "node-1\n");
  tree_.Write("proc/sys/kernel/osrelease", "6.1.0\n");
  tree_.Write("proc/sys/kernel/dmesg_restrict", "1\n");
  tree_.Write("proc/sys/kernel/seccomp/actions_avail", "kill_process allow\n");
  tree_.Write("proc/cmdline", "root=/dev/vda key=secret cgroup.memory=nokmem lsm=apparmor quiet\n");
  tree_.Write("sys/kernel/security/lsm", "capability,apparmor");
  tree_.Write("sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
  tree_.Write("sys/kernel/security/apparmor/profiles", "docker-default (enforce)\n");
  tree_.Write("sys/module/apparmor/parameters/enabled", "Y\n");
  tree_.Write("sys/module/module/parameters/sig_enforce", "maybe\n");
  const Host& host = Collected();
  EXPECT_EQ(host.name, "node-1");
  EXPECT_EQ(host.kernel, "6.1.0");
  EXPECT_EQ(ValueOf(host, "kernel/dmesg_restrict"), "1");
  EXPECT_EQ(ValueOf(host, "kernel/yama/ptrace_scope"), Missing(ErrorCode::kNotFound, ENOENT));
  EXPECT_TRUE(std::ranges::is_sorted(host.sysctls, {}, &Sysctl::name));
  EXPECT_EQ(host.seccomp_filter_available, true);
  EXPECT_EQ(host.command_line, "cgroup.memory=nokmem lsm=apparmor");
  EXPECT_EQ(host.lsm, (std::vector<std::string>{"capability", "apparmor"}));
  EXPECT_EQ(host.lockdown, "none");
  EXPECT_EQ(host.apparmor_enforced_profiles, 1U);
  EXPECT_EQ(host.apparmor_enabled, true);
  EXPECT_EQ(host.module_signatures_enforced, Missing(ErrorCode::kMalformed));
}

// Mounted with subset=pid, /proc lacks all that is not a process: this kernel does not.
TEST_F(HostTest, WhatSubsetPidHidesIsNotAbsent) {
  tree_.Remove("proc/sys");
  const Host& host = Collected();
  for (const auto& sysctl : host.sysctls) {
    EXPECT_EQ(sysctl.value, Missing(ErrorCode::kVantage)) << sysctl.name;
  }
  EXPECT_EQ(host.masked_paths_present, Missing(ErrorCode::kVantage));
  EXPECT_EQ(host.memory_bytes, Missing(ErrorCode::kVantage));
  EXPECT_EQ(host.swap_active, Missing(ErrorCode::kVantage));
  EXPECT_EQ(host.booted_at, Missing(ErrorCode::kVantage));
  EXPECT_EQ(host.command_line, Missing(ErrorCode::kVantage));
  EXPECT_EQ(host.core_program, Missing(ErrorCode::kVantage));
}

TEST_F(HostTest, DoesNotTakeAnotherNamespacesSettingsForTheHosts) {
  SetOwn(NamespaceKind::kNet, NamespaceInode{4026532999});
  SetOwn(NamespaceKind::kUts, NamespaceInode{4026532999});
  tree_.Write("proc/sys/net/ipv4/ip_unprivileged_port_start", "0\n");
  tree_.Write("proc/sys/user/max_user_namespaces", "10\n");
  tree_.Write("proc/sys/kernel/hostname", "pod\n");
  const Host& host = Collected();
  EXPECT_EQ(ValueOf(host, "net/ipv4/ip_unprivileged_port_start"), Missing(ErrorCode::kVantage));
  // A file that a network namespace of its own lacks is not one that the kernel lacks.
  EXPECT_EQ(ValueOf(host, "net/core/bpf_jit_harden"), Missing(ErrorCode::kVantage));
  EXPECT_EQ(ValueOf(host, "user/max_user_namespaces"), "10");
  EXPECT_EQ(host.name, "");
}

// In a pid namespace of our own nothing tells whose network namespace ours is.
TEST_F(HostTest, DoesNotTakeSettingsForTheHostsThatMayBeAnothers) {
  constexpr auto kName = "net/ipv4/ip_unprivileged_port_start";
  tree_.Write("proc/sys/net/ipv4/ip_unprivileged_port_start", "0\n");
  auto& reference = snapshot_.host.namespaces[std::to_underlying(NamespaceKind::kNet)];
  reference = Missing(ErrorCode::kVantage);
  EXPECT_EQ(ValueOf(Collected(), kName), Missing(ErrorCode::kVantage));
  // But for a number that the kernel gives its first namespaces only.
  SetOwn(NamespaceKind::kNet, NamespaceInode{0xEFFFFFF9});
  EXPECT_EQ(ValueOf(Recollected(), kName), "0");
  tree_.Remove("proc/self/ns/net");
  EXPECT_EQ(ValueOf(Recollected(), kName), Missing(ErrorCode::kVantage));
}

TEST_F(HostTest, ReadsResources) {
  tree_.Write("proc/meminfo", "MemTotal:       1024 kB\n");
  tree_.Write("proc/swaps", "Filename\tType\n/dev/zram0 partition\n");
  tree_.Write("sys/devices/system/cpu/online", "0-3\n");
  tree_.Write("proc/timer_list", "");
  tree_.MakeDirectory("sys/firmware");
  snapshot_.host.controller_versions[std::to_underlying(Controller::kMemory)] = CgroupVersion::kV2;
  snapshot_.host.controller_versions[std::to_underlying(Controller::kCpu)] =
      Missing(ErrorCode::kVantage);
  snapshot_.host.controller_versions[std::to_underlying(Controller::kIo)] =
      Missing(ErrorCode::kUnsupported);
  const Host& host = Collected();
  EXPECT_EQ(host.memory_bytes, 1048576U);
  EXPECT_EQ(host.swap_active, true);
  EXPECT_EQ(host.cpus_online, "0-3");
  EXPECT_EQ(host.masked_paths_present,
            (std::vector<std::string>{"/proc/sys", "/proc/timer_list", "/sys/firmware"}));
  EXPECT_EQ(host.controllers[std::to_underlying(Controller::kMemory)], true);
  EXPECT_EQ(host.controllers[std::to_underlying(Controller::kCpu)], true);
  EXPECT_EQ(host.controllers[std::to_underlying(Controller::kIo)], false);
  EXPECT_EQ(host.controllers[std::to_underlying(Controller::kPids)], Missing(ErrorCode::kNotRead));
}

TEST_F(HostTest, FindsTheDisksBelowPartitionsAndDeviceMapper) {
  tree_.Write("sys/devices/sda/dev", "8:0\n");
  tree_.Write("sys/devices/sda/sda1/dev", "8:1\n");
  tree_.Write("sys/devices/sda/sda1/partition", "1\n");
  tree_.Write("sys/devices/sdb/dev", "8:16\n");
  tree_.Write("sys/devices/dm-0/dev", "254:0\n");
  tree_.Link("sys/devices/dm-0/slaves/sda1", "../../sda/sda1");
  tree_.Link("sys/devices/dm-0/slaves/sdb", "../../sdb");
  for (const std::string_view disk : {"sda", "sdb", "dm-0"}) {
    tree_.Link("sys/block/" + std::string(disk), "../devices/" + std::string(disk));
  }
  tree_.Link("sys/dev/block/8:0", "../../devices/sda");
  tree_.Link("sys/dev/block/8:1", "../../devices/sda/sda1");
  tree_.Link("sys/dev/block/8:16", "../../devices/sdb");
  tree_.Link("sys/dev/block/254:0", "../../devices/dm-0");
  const Host& host = Collected();
  constexpr DeviceNumber kSda{.major = 8, .minor = 0};
  constexpr DeviceNumber kSdb{.major = 8, .minor = 16};
  constexpr DeviceNumber kDm{.major = 254, .minor = 0};
  EXPECT_EQ(host.disks, (std::vector{kSda, kSdb, kDm}));
  ASSERT_EQ(host.disk_parents.size(), 2U);
  EXPECT_EQ(host.disk_parents[0].first, (DeviceNumber{.major = 8, .minor = 1}));
  EXPECT_EQ(host.disk_parents[0].second, std::vector{kSda});
  EXPECT_EQ(host.disk_parents[1].first, kDm);
  EXPECT_EQ(host.disk_parents[1].second, (std::vector{kSda, kSdb}));
}

}  // namespace
}  // namespace hullmark
