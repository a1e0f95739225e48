// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/host.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/collect/collect.h"
#include "hullmark/caps.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

namespace fs = std::filesystem;

constexpr NamespaceInode HostInode(NamespaceKind kind) {
  return NamespaceInode{4026532000U + std::to_underlying(kind)};
}
constexpr NamespaceInode kHostPid = HostInode(NamespaceKind::kPid);
constexpr NamespaceInode kHostUser = HostInode(NamespaceKind::kUser);
const std::string kUnixHeader = "Num       RefCount Protocol Flags    Type St Inode Path\n";
const std::string kTcpHeader = "  sl  local_address rem_address   st\n";

// A host in a directory of its own: proc, sys and a root, and the Snapshot that earlier steps of a
// collection would have left.
class HostTest : public testing::Test {
 protected:
  HostTest() {
    std::string pattern = (fs::temp_directory_path() / "hullmark-host-XXXXXX").string();
    top_ = mkdtemp(pattern.data());
    for (const char* const name : {"proc/sys/kernel", "sys", "host"}) {
      fs::create_directories(top_ / name);
    }
    snapshot_.vantage.initial_pid_namespace = true;
    snapshot_.vantage.initial_user_namespace = true;
    snapshot_.mount_namespaces.push_back({.mounts = std::vector<Mount>{}});
    snapshot_.host.mounts = MountNamespaceIndex{0};
    AddMount(1, "/", "/", "ext4", {.major = 8, .minor = 1});
    for (const auto kind :
         {NamespaceKind::kPid, NamespaceKind::kNet, NamespaceKind::kUts, NamespaceKind::kUser}) {
      const auto at = std::to_underlying(kind);
      snapshot_.host.namespaces.at(at) = ReferenceNamespace{.inode = HostInode(kind)};
      SetOwn(kind, HostInode(kind));
    }
  }
  ~HostTest() override { fs::remove_all(top_); }

  void Write(const std::string& path, std::string_view text) {
    fs::create_directories((top_ / path).parent_path());
    std::ofstream(top_ / path) << text;
  }

  void Link(const std::string& path, std::string_view target) {
    fs::create_directories((top_ / path).parent_path());
    fs::create_symlink(target, top_ / path);
  }

  // The namespace that we are in.
  void SetOwn(NamespaceKind kind, NamespaceInode inode) {
    const std::string name(kNamespaceNames.at(std::to_underlying(kind)));
    fs::remove(top_ / "proc/self/ns" / name);
    Link("proc/self/ns/" + name, name + ":[" + std::to_string(std::to_underlying(inode)) + "]");
  }

  void MakeSocket(const std::string& path) {
    fs::create_directories((top_ / path).parent_path());
    ASSERT_EQ(mknod((top_ / path).c_str(), S_IFSOCK | 0660, 0), 0);
  }

  void AddMount(std::uint32_t id, std::string_view root, std::string_view point,
                std::string_view type, DeviceNumber device) {
    auto& strings = snapshot_.strings;
    Mount mount;
    mount.id = id;
    mount.device = device;
    mount.root = strings.Intern(root);
    mount.mount_point = strings.Intern(point);
    mount.type = strings.Intern(type);
    snapshot_.mount_namespaces.front().mounts->push_back(mount);
  }

  // A process of the host that runs `program`.
  void AddProcess(int pid, std::string_view program, NamespaceInode pid_namespace = kHostPid) {
    Process process;
    process.pid = Pid{pid};
    process.leader.namespaces.Set(NamespaceKind::kPid, pid_namespace);
    process.leader.namespaces.Set(NamespaceKind::kUser, kHostUser);
    process.leader.status = ProcStatus{};
    process.executable = ExecutableIndex{static_cast<std::uint32_t>(snapshot_.executables.size())};
    snapshot_.executables.push_back({.path = snapshot_.strings.Intern(program), .links = 1});
    snapshot_.processes.push_back(process);
    fs::create_directories(top_ / "proc" / std::to_string(pid) / "fd");
    WriteStat(pid, 0);
  }

  void WriteStat(int pid, int start) {
    Write("proc/" + std::to_string(pid) + "/stat",
          std::to_string(pid) + " (app) S 1 7 7 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 " +
              std::to_string(start) + " 0 0 0 1 2 3\n");
  }

  const Host& Collected() {
    Roots roots;
    roots.proc = Open("proc");
    roots.sys = Open("sys");
    roots.host = Open("host");
    roots.plain = true;
    CollectHost(roots, options_, snapshot_);
    return snapshot_.host;
  }

  // Of a new look.
  const Host& Recollected() {
    snapshot_.host.sysctls.clear();
    snapshot_.host.paths.clear();
    snapshot_.host.looked_for.clear();
    snapshot_.host.runtime_daemons.clear();
    return Collected();
  }

  Fd Open(const char* name) {
    return std::move(OpenDirectory(AT_FDCWD, (top_ / name).c_str()).value());
  }

  fs::path top_;
  Snapshot snapshot_;
  CollectOptions options_;
};

const HostPath* PathOf(const Host& host, std::string_view path) {
  const auto found = std::ranges::find(host.paths, path, &HostPath::path);
  return found == host.paths.end() ? nullptr : &*found;
}

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
  Write("proc/sys/kernel/hostname", "node-1\n");
  Write("proc/sys/kernel/osrelease", "6.1.0\n");
  Write("proc/sys/kernel/dmesg_restrict", "1\n");
  Write("proc/sys/kernel/seccomp/actions_avail", "kill_process allow\n");
  Write("proc/cmdline", "root=/dev/vda key=secret cgroup.memory=nokmem lsm=apparmor quiet\n");
  Write("sys/kernel/security/lsm", "capability,apparmor");
  Write("sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
  Write("sys/kernel/security/apparmor/profiles", "docker-default (enforce)\n");
  Write("sys/module/apparmor/parameters/enabled", "Y\n");
  Write("sys/module/module/parameters/sig_enforce", "maybe\n");
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
  fs::remove_all(top_ / "proc/sys");
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
  Write("proc/sys/net/ipv4/ip_unprivileged_port_start", "0\n");
  Write("proc/sys/user/max_user_namespaces", "10\n");
  Write("proc/sys/kernel/hostname", "pod\n");
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
  Write("proc/sys/net/ipv4/ip_unprivileged_port_start", "0\n");
  auto& reference = snapshot_.host.namespaces[std::to_underlying(NamespaceKind::kNet)];
  reference = Missing(ErrorCode::kVantage);
  EXPECT_EQ(ValueOf(Collected(), kName), Missing(ErrorCode::kVantage));
  // But for a number that the kernel gives its first namespaces only.
  SetOwn(NamespaceKind::kNet, NamespaceInode{0xEFFFFFF9});
  EXPECT_EQ(ValueOf(Recollected(), kName), "0");
  fs::remove(top_ / "proc/self/ns/net");
  EXPECT_EQ(ValueOf(Recollected(), kName), Missing(ErrorCode::kVantage));
}

TEST_F(HostTest, ReadsResources) {
  Write("proc/meminfo", "MemTotal:       1024 kB\n");
  Write("proc/swaps", "Filename\tType\n/dev/zram0 partition\n");
  Write("sys/devices/system/cpu/online", "0-3\n");
  Write("proc/timer_list", "");
  fs::create_directories(top_ / "sys/firmware");
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
  Write("sys/devices/sda/dev", "8:0\n");
  Write("sys/devices/sda/sda1/dev", "8:1\n");
  Write("sys/devices/sda/sda1/partition", "1\n");
  Write("sys/devices/sdb/dev", "8:16\n");
  Write("sys/devices/dm-0/dev", "254:0\n");
  Link("sys/devices/dm-0/slaves/sda1", "../../sda/sda1");
  Link("sys/devices/dm-0/slaves/sdb", "../../sdb");
  for (const std::string_view disk : {"sda", "sdb", "dm-0"}) {
    Link("sys/block/" + std::string(disk), "../devices/" + std::string(disk));
  }
  Link("sys/dev/block/8:0", "../../devices/sda");
  Link("sys/dev/block/8:1", "../../devices/sda/sda1");
  Link("sys/dev/block/8:16", "../../devices/sdb");
  Link("sys/dev/block/254:0", "../../devices/dm-0");
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

TEST_F(HostTest, PlacesHostPathsOnTheirFileSystems) {
  AddMount(2, "/@run", "/run", "tmpfs", {.major = 0, .minor = 25});
  MakeSocket("host/run/docker.sock");
  MakeSocket("host/run/user/1000/podman/podman.sock");
  MakeSocket("host/run/user/1001/podman/podman.sock");
  Write("host/run/plain.sock", "");
  fs::create_directories(top_ / "host/var/lib/kubelet");
  Link("host/var/run", "/run");
  options_.host_paths = {"/run/docker.sock", "/run/user/*/podman/podman.sock",
                         "/var/lib/kubelet", "/run/absent.sock",
                         "/run/**/x.sock",   "/run/{plain,other}.sock"};
  const Host& host = Collected();
  ASSERT_EQ(host.paths.size(), 4U);
  EXPECT_EQ(host.looked_for,
            (std::vector<std::string>{"/run/docker.sock", "/run/user/*/podman/podman.sock",
                                      "/var/lib/kubelet", "/run/absent.sock",
                                      "/run/{plain,other}.sock"}));
  const HostPath* const docker = PathOf(host, "/run/docker.sock");
  ASSERT_NE(docker, nullptr);
  EXPECT_EQ(docker->device, (DeviceNumber{.major = 0, .minor = 25}));
  EXPECT_EQ(docker->root, "/@run/docker.sock");
  EXPECT_TRUE(docker->socket);
  EXPECT_EQ(docker->daemon, "");
  const HostPath* const podman = PathOf(host, "/run/user/1001/podman/podman.sock");
  ASSERT_NE(podman, nullptr);
  EXPECT_EQ(podman->pattern, "/run/user/*/podman/podman.sock");
  const HostPath* const kubelet = PathOf(host, "/var/lib/kubelet");
  ASSERT_NE(kubelet, nullptr);
  EXPECT_FALSE(kubelet->socket);
  EXPECT_EQ(kubelet->root, "/var/lib/kubelet");
  EXPECT_EQ(kubelet->device, (DeviceNumber{.major = 8, .minor = 1}));
}

TEST_F(HostTest, FollowsLinksOfRootOnlyAndWaitsForNoServer) {
  if (geteuid() != 0) GTEST_SKIP() << "needs files of two owners";
  AddMount(2, "/", "/net", "nfs4", {.major = 0, .minor = 40});
  MakeSocket("host/run/real.sock");
  MakeSocket("host/net/x.sock");
  Link("host/var/run", "../run");
  Link("host/user.sock", "/run/real.sock");
  ASSERT_EQ(lchown((top_ / "host/user.sock").c_str(), 1000, 1000), 0);
  Link("host/loop", "/loop");
  options_.host_paths = {"/var/run/real.sock", "/user.sock", "/net/x.sock", "/loop/x",
                         "/run/../run/real.sock"};
  const Host& host = Collected();
  ASSERT_EQ(host.paths.size(), 2U);
  EXPECT_EQ(host.paths[0].root, "/run/real.sock");
  EXPECT_EQ(host.paths[1].root, "/run/real.sock");
  // What could not be looked at was not looked for.
  EXPECT_EQ(host.looked_for,
            (std::vector<std::string>{"/var/run/real.sock", "/run/../run/real.sock"}));
}

// A path may be changed to a link while it is looked up; where one leads is told by the link
// itself.
TEST_F(HostTest, ALinkInsideAPathIsNotFollowedByTheKernel) {
  MakeSocket("host/run/real.sock");
  Link("host/way", "run");
  const Fd root = Open("host");
  constexpr std::chrono::milliseconds kPatience{1000};
  EXPECT_FALSE(LookUntrusted(root.get(), "/way/real.sock", kPatience));
  const auto link = LookUntrusted(root.get(), "/way", kPatience);
  ASSERT_TRUE(link);
  EXPECT_EQ(link->target, "run");
  EXPECT_FALSE(LookUntrusted(root.get(), "/run/../../proc", kPatience));
  EXPECT_TRUE(LookUntrusted(root.get(), "/run/real.sock", kPatience));
  EXPECT_TRUE(LookUntrusted(root.get(), "/", kPatience));
}

class GroupTest : public HostTest {
 protected:
  GroupTest() {
    MakeSocket("host/run/docker.sock");
    MakeSocket("host/run/other.sock");
    options_.host_paths = {"/run/docker.sock", "/run/other.sock"};
    Write("host/etc/group", "root:x:0:\ndocker:x:998:ann\nusers:x:998:\n");
  }
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs files of two groups";
    ASSERT_EQ(chown((top_ / "host/run/docker.sock").c_str(), 0, 998), 0);
    ASSERT_EQ(chown((top_ / "host/run/other.sock").c_str(), 0, 999), 0);
  }
  std::string DockersGroup() { return PathOf(Recollected(), "/run/docker.sock")->group; }
};

TEST_F(GroupTest, IsNamedByTheHostsFile) {
  EXPECT_EQ(DockersGroup(), "docker");
  EXPECT_EQ(PathOf(snapshot_.host, "/run/other.sock")->group, "");
}

TEST_F(GroupTest, IsNotNamedByAFileThatOthersMayWrite) {
  ASSERT_EQ(chmod((top_ / "host/etc/group").c_str(), 0666), 0);
  EXPECT_EQ(DockersGroup(), "");
  ASSERT_EQ(chmod((top_ / "host/etc/group").c_str(), 0644), 0);
  ASSERT_EQ(chown((top_ / "host/etc").c_str(), 1000, 0), 0);
  EXPECT_EQ(DockersGroup(), "");
}

TEST_F(GroupTest, IsNotNamedFromAUserNamespace) {
  snapshot_.vantage.initial_user_namespace = false;
  EXPECT_EQ(DockersGroup(), "");
}

TEST_F(HostTest, SaysNothingOfPathsWithoutTheHostsMounts) {
  MakeSocket("host/run/docker.sock");
  options_.host_paths = {"/run/docker.sock"};
  snapshot_.host.mounts = Missing(ErrorCode::kDenied, EACCES);
  const Host& host = Collected();
  EXPECT_TRUE(host.paths.empty());
  EXPECT_TRUE(host.looked_for.empty());
  EXPECT_EQ(host.core_program, Missing(ErrorCode::kDenied, EACCES));
}

TEST_F(HostTest, FindsTheCoreProgram) {
  Write("proc/sys/kernel/core_pattern", "|/lib/helper %P %u\n");
  Write("host/usr/lib/helper", "");
  Link("host/lib", "usr/lib");
  const Host& host = Collected();
  ASSERT_TRUE(host.core_program);
  EXPECT_EQ(host.core_program->path, "/lib/helper");
  EXPECT_EQ(host.core_program->root, "/usr/lib/helper");
}

class DaemonTest : public HostTest {
 protected:
  DaemonTest() {
    AddProcess(1, "/sbin/init");
    AddProcess(50, "/usr/bin/dockerd");
    Link("proc/50/fd/3", "socket:[11]");
    Link("proc/50/fd/4", "socket:[12]");
    Link("proc/50/fd/5", "socket:[13]");
    Write("proc/50/net/tcp", kTcpHeader +
                                 "0: 00000000:0947 00000000:0000 0A 0:0 0:0 0 0 0 13 1\n"
                                 "1: 0100007F:1F90 00000000:0000 0A 0:0 0:0 0 0 0 99 1\n");
    Write("proc/1/net/unix", kUnixHeader +
                                 "1: 00000002 00000000 00010000 0001 01 11 /var/run/docker.sock\n"
                                 "2: 00000002 00000000 00010000 0001 01 12 /run/other/api.sock\n"
                                 "3: 00000002 00000000 00010000 0001 01 21 @/containerd-shim/x\n"
                                 "4: 00000002 00000000 00010000 0001 01 77 @/someone\n");
    MakeSocket("host/run/docker.sock");
    MakeSocket("host/run/other/api.sock");
    Link("host/var/run", "/run");
    options_.host_paths = {"/run/docker.sock"};
  }

  // Whether dockerd, so started, asks clients for certificates.
  std::optional<bool> Verifies(std::string_view cmdline) {
    Write("proc/50/cmdline", cmdline);
    return Recollected().listeners->front().tls_verify;
  }
};

TEST_F(DaemonTest, FindsWhereTheyListen) {
  AddProcess(60, "/usr/bin/containerd-shim-runc-v2");
  Link("proc/60/fd/3", "socket:[21]");
  const Host& host = Collected();
  EXPECT_EQ(host.runtime_daemons, std::vector<std::string>{"dockerd"});
  EXPECT_EQ(host.unix_sockets_read, true);
  EXPECT_EQ(host.abstract_runtime_sockets, std::vector<std::string>{"@/containerd-shim/x"});
  ASSERT_EQ(host.paths.size(), 2U);
  EXPECT_EQ(PathOf(host, "/run/docker.sock")->daemon, "dockerd");
  ASSERT_NE(PathOf(host, "/run/other/api.sock"), nullptr);
  EXPECT_EQ(PathOf(host, "/run/other/api.sock")->pattern, "");
  EXPECT_EQ(PathOf(host, "/run/other/api.sock")->daemon, "dockerd");
  ASSERT_TRUE(host.listeners);
  ASSERT_EQ(host.listeners->size(), 1U);
  EXPECT_EQ(host.listeners->front().daemon, "dockerd");
  EXPECT_EQ(host.listeners->front().address, "0.0.0.0");
  EXPECT_EQ(host.listeners->front().port, 2375);
  EXPECT_FALSE(host.listeners->front().loopback);
}

TEST_F(DaemonTest, ReadsWhetherClientsAreAskedForCertificates) {
  using namespace std::string_view_literals;
  const std::pair<std::string_view, std::optional<bool>> cases[] = {
      {"dockerd\0--tlsverify\0"sv, true},
      {"dockerd\0--tls\0--tlsverify=true\0"sv, true},
      {"dockerd\0--tls\0"sv, false},
      {"dockerd\0--tlsverify=false\0"sv, false},
      {"dockerd\0-H\0tcp://0.0.0.0:2375\0"sv, false}};
  for (const auto& [cmdline, expected] : cases) EXPECT_EQ(Verifies(cmdline), expected) << cmdline;
}

TEST_F(DaemonTest, AsksTheConfigurationFileOfRootsDockerd) {
  using namespace std::string_view_literals;
  constexpr auto kPlain = "dockerd\0"sv;
  Write("host/etc/docker/daemon.json", R"({"tlsverify": true})");
  Write("host/opt/other.json", "{}");
  EXPECT_EQ(Verifies(kPlain), true);
  EXPECT_EQ(Verifies("dockerd\0--config-file=/opt/other.json\0"sv), false);
  Write("host/etc/docker/daemon.json", "{");
  EXPECT_EQ(Verifies(kPlain), std::nullopt);
}

// A rootless dockerd reads ~/.config/docker/daemon.json: what root's file says, or that there is
// none, says nothing of it.
TEST_F(DaemonTest, CannotTellWhatARootlessDockerdReads) {
  using namespace std::string_view_literals;
  Task& task = snapshot_.processes.back().leader;
  task.status->uid = {Uid{1000}, Uid{1000}, Uid{1000}, Uid{1000}};
  EXPECT_EQ(Verifies("dockerd\0"sv), std::nullopt);
  EXPECT_EQ(Verifies("dockerd\0--tlsverify\0"sv), true);
  task.status->uid = {};
  task.namespaces.Set(NamespaceKind::kUser, NamespaceInode{99});
  EXPECT_EQ(Verifies("dockerd\0"sv), std::nullopt);
  task.namespaces.Set(NamespaceKind::kUser, kHostUser);
  task.status = Missing(ErrorCode::kDenied, EACCES);
  EXPECT_EQ(Verifies("dockerd\0"sv), std::nullopt);
}

TEST_F(DaemonTest, WhatRunsInAContainerIsNoDaemonOfTheHost) {
  AddProcess(70, "/usr/bin/crio", NamespaceInode{99});
  AddProcess(80, "/usr/bin/kubelet");
  AddProcess(90, "/usr/bin/podman");
  Container container;
  container.members = {{.process = ProcessIndex{3}}};
  snapshot_.containers.push_back(container);
  container.container_class = ContainerClass::kService;
  container.members = {{.process = ProcessIndex{4}}};
  snapshot_.containers.push_back(container);
  Write("proc/90/net/tcp", kTcpHeader);
  EXPECT_EQ(Collected().runtime_daemons, (std::vector<std::string>{"dockerd", "podman"}));
}

// Under the daemon's number is another process by now, with the daemon's socket as it were.
TEST_F(DaemonTest, AReusedNumberIsNoDaemon) {
  WriteStat(50, 9);
  const Host& host = Collected();
  ASSERT_TRUE(host.listeners);
  EXPECT_TRUE(host.listeners->empty());
}

TEST_F(DaemonTest, ListenersAreUnknownWhenAProgramIs) {
  AddProcess(70, "");
  snapshot_.processes.back().executable = Missing(ErrorCode::kDenied, EACCES);
  EXPECT_EQ(Collected().listeners.error(), (Fault{ErrorCode::kDenied, EACCES}));
}

// Who holds a socket is not told by its name: a daemon that could not be seen may hold any of them.
TEST_F(DaemonTest, UnixSocketsAreUnknownWhenAProgramIs) {
  AddProcess(70, "");
  snapshot_.processes.back().executable = Missing(ErrorCode::kDenied, EACCES);
  const Host& host = Collected();
  EXPECT_EQ(host.unix_sockets_read, Missing(ErrorCode::kDenied, EACCES));
  EXPECT_EQ(host.abstract_runtime_sockets, Missing(ErrorCode::kDenied, EACCES));
}

TEST_F(DaemonTest, AnAbstractSocketThatWasFoundStands) {
  AddProcess(60, "/usr/bin/containerd-shim-runc-v2");
  Link("proc/60/fd/3", "socket:[21]");
  AddProcess(70, "");
  snapshot_.processes.back().executable = Missing(ErrorCode::kDenied, EACCES);
  const Host& host = Collected();
  EXPECT_EQ(host.unix_sockets_read, Missing(ErrorCode::kDenied, EACCES));
  EXPECT_EQ(host.abstract_runtime_sockets, std::vector<std::string>{"@/containerd-shim/x"});
}

// Where not all processes are to be seen, that no daemon was found means nothing.
TEST_F(DaemonTest, DaemonsAreUnknownWhereProcessesAreHidden) {
  constexpr auto kUnknown = Missing(ErrorCode::kVantage);
  snapshot_.processes.clear();
  EXPECT_TRUE(Recollected().listeners->empty());
  snapshot_.vantage.hidepid = true;
  EXPECT_EQ(Recollected().listeners, kUnknown);
  EXPECT_EQ(snapshot_.host.unix_sockets_read, kUnknown);
  EXPECT_EQ(snapshot_.host.abstract_runtime_sockets, kUnknown);
  snapshot_.vantage.capabilities = CapSet::UpTo(40);
  EXPECT_TRUE(Recollected().listeners.has_value());
  snapshot_.vantage.initial_user_namespace = false;
  EXPECT_EQ(Recollected().listeners, kUnknown);
  snapshot_.vantage = {.initial_pid_namespace = false, .initial_user_namespace = true};
  EXPECT_EQ(Recollected().listeners, kUnknown);
  snapshot_.vantage.initial_pid_namespace = true;
  snapshot_.counts.processes_truncated = true;
  EXPECT_EQ(Recollected().listeners, kUnknown);
}

TEST_F(DaemonTest, VanishedProgramsHideNothing) {
  AddProcess(70, "");
  snapshot_.processes.back().executable = Missing(ErrorCode::kNotFound, ENOENT);
  AddProcess(71, "/usr/bin/crio");
  fs::remove_all(top_ / "proc/71");
  EXPECT_EQ(Collected().listeners->size(), 1U);
}

TEST_F(DaemonTest, ListenersAreUnknownWhenATableIs) {
  Write("proc/50/net/tcp", "?");
  EXPECT_EQ(Collected().listeners.error(), Fault{ErrorCode::kMalformed});
}

TEST_F(DaemonTest, SocketsOfAnotherPidNamespaceAreNotTheHosts) {
  snapshot_.vantage.initial_pid_namespace = false;
  const Host& host = Collected();
  EXPECT_EQ(host.unix_sockets_read, Missing(ErrorCode::kVantage));
  EXPECT_EQ(host.abstract_runtime_sockets, Missing(ErrorCode::kVantage));
  EXPECT_EQ(PathOf(host, "/run/docker.sock")->daemon, "");
}

}  // namespace
}  // namespace hullmark
