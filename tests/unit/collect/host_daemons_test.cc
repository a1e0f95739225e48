// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hullmark/caps.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/collect/host_scene.h"

namespace hullmark {
namespace {

const std::string kUnixHeader = "Num       RefCount Protocol Flags    Type St Inode Path\n";
const std::string kTcpHeader = "  sl  local_address rem_address   st\n";

class DaemonTest : public HostTest {
 protected:
  DaemonTest() {
    AddProcess(1, "/sbin/init");
    AddProcess(50, "/usr/bin/dockerd");
    tree_.Link("proc/50/fd/3", "socket:[11]");
    tree_.Link("proc/50/fd/4", "socket:[12]");
    tree_.Link("proc/50/fd/5", "socket:[13]");
    tree_.Write("proc/50/net/tcp", kTcpHeader +
                                       "0: 00000000:0947 00000000:0000 0A 0:0 0:0 0 0 0 13 1\n"
                                       "1: 0100007F:1F90 00000000:0000 0A 0:0 0:0 0 0 0 99 1\n");
    tree_.Write("proc/1/net/unix",
                kUnixHeader +
                    "1: 00000002 00000000 00010000 0001 01 11 /var/run/docker.sock\n"
                    "2: 00000002 00000000 00010000 0001 01 12 /run/other/api.sock\n"
                    "3: 00000002 00000000 00010000 0001 01 21 @/containerd-shim/x\n"
                    "4: 00000002 00000000 00010000 0001 01 77 @/someone\n");
    MakeSocket("host/run/docker.sock");
    MakeSocket("host/run/other/api.sock");
    tree_.Link("host/var/run", "/run");
    options_.host_paths = {"/run/docker.sock"};
  }

  // Whether dockerd, so started, asks clients for certificates.
  std::optional<bool> Verifies(std::string_view cmdline) {
    tree_.Write("proc/50/cmdline", cmdline);
    return Recollected().listeners->front().tls_verify;
  }
};

TEST_F(DaemonTest, FindsWhereTheyListen) {
  AddProcess(60, "/usr/bin/containerd-shim-runc-v2");
  tree_.Link("proc/60/fd/3", "socket:[21]");
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
  tree_.Write("host/etc/docker/daemon.json", R"({"tlsverify": true})");
  tree_.Write("host/opt/other.json", "{}");
  EXPECT_EQ(Verifies(kPlain), true);
  EXPECT_EQ(Verifies("dockerd\0--config-file=/opt/other.json\0"sv), false);
  tree_.Write("host/etc/docker/daemon.json", "{");
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
  task.namespaces.Set(NamespaceKind::kUser, HostInode(NamespaceKind::kUser));
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
  tree_.Write("proc/90/net/tcp", kTcpHeader);
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
  tree_.Link("proc/60/fd/3", "socket:[21]");
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
  tree_.Remove("proc/71");
  EXPECT_EQ(Collected().listeners->size(), 1U);
}

TEST_F(DaemonTest, ATableIsReadOnceForItsNetworkNamespace) {
  for (const int pid : {60, 61}) {
    AddProcess(pid, "/usr/bin/containerd");
    tree_.Link("proc/" + std::to_string(pid) + "/fd/3", "socket:[99]");
  }
  auto& other = snapshot_.processes.back().leader.namespaces;
  other.Set(NamespaceKind::kNet, NamespaceInode{77});
  tree_.Write("proc/61/net/tcp", kTcpHeader);
  const Host& host = Collected();
  ASSERT_TRUE(host.listeners);
  ASSERT_EQ(host.listeners->size(), 2U);
  EXPECT_EQ(host.listeners->back().pid, Pid{60});
  EXPECT_EQ(host.listeners->back().port, 8080);
}

TEST_F(DaemonTest, ListenersAreUnknownWhenATableIs) {
  tree_.Write("proc/50/net/tcp", "?");
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
