// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checks/table.h"
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

// ---- DMN-001 ----

constexpr std::string_view kPattern = "/run/{docker,crio,containerd}.sock";

struct Socket {
  std::string path = "/run/docker.sock";
  std::uint32_t mode = 0660;
  std::uint32_t uid = 0;
  std::uint32_t gid = 998;
  std::string pattern = std::string(kPattern);
  bool socket = true;
  std::string group = "docker";
};

Params SocketParams() {
  return Of({std::vector<Glob>{Glob(kPattern)}, Strings({"root", "docker", "podman"})});
}

void Add(MountScene& scene, const Socket& socket) {
  scene.AddPath(socket.path, socket.pattern, kHostRun, socket.path, socket.socket);
  HostPath& path = scene.snapshot.host.paths.back();
  path.mode = socket.mode;
  path.uid = Uid{socket.uid};
  path.gid = Gid{socket.gid};
  path.group = socket.group;
  scene.snapshot.host.looked_for = {std::string(kPattern)};
  scene.snapshot.host.unix_sockets_read = true;
  scene.snapshot.host.abstract_runtime_sockets = std::vector<std::string>{};
}

std::string Private(const Socket& socket, void (*bend)(Host&) = nullptr) {
  MountScene scene;
  Add(scene, socket);
  if (bend != nullptr) bend(scene.snapshot.host);
  return Say(Judge(DaemonChecks(), "DMN-001", scene, SocketParams()));
}

TEST(RuntimeSocketsPrivate, ChecksModeAndOwner) {
  EXPECT_EQ(Private({}), "pass");
  EXPECT_EQ(Private({.mode = 0666}), "fail");
  EXPECT_EQ(Private({.mode = 0661}), "fail");
  EXPECT_EQ(Private({.uid = 1000}), "fail");
}

// The number of docker's group differs from host to host; other runtimes have none.
TEST(RuntimeSocketsPrivate, AcceptsTheGroupOfDockerAndPodmanOnly) {
  EXPECT_EQ(Private({.path = "/run/podman/podman.sock"}), "pass");
  EXPECT_EQ(Private({.group = "users"}), "fail");
  EXPECT_EQ(Private({.group = ""}), "unknown") << "a directory service may name it";
  EXPECT_EQ(Private({.gid = 0, .group = ""}), "pass");
  EXPECT_EQ(Private({.path = "/run/containerd.sock"}), "fail");
  EXPECT_EQ(Private({.path = "/run/containerd.sock", .gid = 0}), "pass");
  EXPECT_EQ(Private({.path = "/run/containerd.sock", .mode = 0600}), "pass");
}

TEST(RuntimeSocketsPrivate, LetsARootlessEngineOwnItsSocket) {
  EXPECT_EQ(Private({.path = "/run/user/1000/docker.sock", .uid = 1000, .group = "ann"}), "pass");
  EXPECT_EQ(Private({.path = "/run/user/1000/docker.sock", .uid = 1001}), "fail");
  EXPECT_EQ(Private({.path = "/run/user/1000", .uid = 1000}), "fail");
}

TEST(RuntimeSocketsPrivate, LooksOnlyAtSocketsOfRuntimes) {
  EXPECT_EQ(Private({.path = "/run/metrics.sock", .mode = 0755, .gid = 0, .pattern = ""}), "pass");
  EXPECT_EQ(Private({.mode = 0755}), "fail");
  EXPECT_EQ(Private({.path = "/run/other.sock", .mode = 0666, .pattern = ""}), "fail");
  EXPECT_EQ(Private({.path = "/run/other.sock", .mode = 0666, .pattern = "/run/other.sock"}),
            "n/a");
  EXPECT_EQ(Private({.mode = 0777, .socket = false}), "n/a");
}

TEST(RuntimeSocketsPrivate, FailsAbstractSocketsBecauseTheyHaveNoMode) {
  EXPECT_EQ(Private({},
                    [](Host& host) {
                      host.abstract_runtime_sockets = std::vector<std::string>{"@containerd"};
                    }),
            "fail");
  EXPECT_EQ(Private({},
                    [](Host& host) {
                      host.abstract_runtime_sockets = std::vector<std::string>{"@containerd"};
                      host.unix_sockets_read = Missing(ErrorCode::kDenied, 13);
                    }),
            "fail");
}

TEST(RuntimeSocketsPrivate, IsUnknownWhereNobodyLooked) {
  EXPECT_EQ(Private({}, [](Host& host) { host.looked_for.clear(); }), "unknown");
  EXPECT_EQ(
      Private({}, [](Host& host) { host.unix_sockets_read = Missing(ErrorCode::kDenied, 13); }),
      "unknown");
  EXPECT_EQ(Private({}, [](Host& host) { host.unix_sockets_read = false; }), "unknown");
  for (const bool socket : {true, false}) {
    EXPECT_EQ(Private({.socket = socket},
                      [](Host& host) {
                        host.abstract_runtime_sockets = Missing(ErrorCode::kDenied, 13);
                      }),
              "unknown");
  }
  EXPECT_EQ(Private({.mode = 0666}, [](Host& host) { host.looked_for.clear(); }), "fail");
}

TEST(RuntimeSocketsPrivate, NamesEveryOpenSocket) {
  MountScene scene;
  Add(scene, {.mode = 0666});
  Add(scene, {.path = "/run/crio.sock", .uid = 7});
  EXPECT_EQ(Proof(DaemonChecks(), "DMN-001", scene, SocketParams()),
            (std::vector<std::string>{"/run/docker.sock: mode is 0666",
                                      "/run/crio.sock: owner is uid 7"}));
}

// ---- DMN-002 ----

RuntimeListener Listener(std::string_view daemon, std::uint16_t port, bool loopback = false,
                         std::optional<bool> tls_verify = {}) {
  return {.daemon = std::string(daemon),
          .pid = Pid{7},
          .address = loopback ? "127.0.0.1" : "::",
          .port = port,
          .loopback = loopback,
          .tls_verify = tls_verify};
}

Params PortParams() {
  return Of({std::vector<std::int64_t>{10250, 10248},
             std::vector<std::int64_t>{2375, 2376, 2377, 4243}, std::int64_t{10255}});
}

std::string Ports(std::vector<RuntimeListener> listeners) {
  MountScene scene;
  scene.snapshot.host.runtime_daemons = {"dockerd"};
  scene.snapshot.host.listeners = std::move(listeners);
  return Say(Judge(DaemonChecks(), "DMN-002", scene, PortParams()));
}

TEST(NoOpenRuntimePort, NeedsClientCertificates) {
  EXPECT_EQ(Ports({}), "pass");
  EXPECT_EQ(Ports({Listener("dockerd", 2375, false, false)}), "fail");
  EXPECT_EQ(Ports({Listener("dockerd", 4711, false, false)}), "fail");
  EXPECT_EQ(Ports({Listener("dockerd", 2376, false, true)}), "pass");
  EXPECT_EQ(Ports({Listener("dockerd", 2376, false, {})}), "unknown");
  EXPECT_EQ(Ports({Listener("dockerd", 2375, true, false)}), "fail high/35");
  EXPECT_EQ(Ports({Listener("podman", 8080)}), "fail");
}

TEST(NoOpenRuntimePort, KnowsTheKubeletsPorts) {
  EXPECT_EQ(Ports({Listener("kubelet", 10250), Listener("kubelet", 10248, true)}), "pass");
  EXPECT_EQ(Ports({Listener("kubelet", 10255)}), "fail");
  EXPECT_EQ(Ports({Listener("kubelet", 4194)}), "fail");
  EXPECT_EQ(Ports({Listener("k3s", 6443), Listener("k3s", 10250)}), "pass");
  EXPECT_EQ(Ports({Listener("k3s", 10255)}), "fail");
}

// containerd streams to the kubelet through a port of the loopback.
TEST(NoOpenRuntimePort, LetsDaemonsTalkToThemselves) {
  EXPECT_EQ(Ports({Listener("containerd", 40123, true)}), "pass");
  EXPECT_EQ(Ports({Listener("containerd", 1338)}), "fail");
}

TEST(NoOpenRuntimePort, JudgesByTheWorstListener) {
  const RuntimeListener mild = Listener("dockerd", 2375, true, false);
  const RuntimeListener open = Listener("dockerd", 2375, false, false);
  const RuntimeListener dark = Listener("dockerd", 2376, false, {});
  EXPECT_EQ(Ports({mild, open}), "fail");
  EXPECT_EQ(Ports({open, mild}), "fail");
  EXPECT_EQ(Ports({dark, open}), "fail");
  EXPECT_EQ(Ports({mild, dark}), "fail");  // Ignorance is never cheaper.
}

TEST(NoOpenRuntimePort, IsUnknownWhereNobodyLooked) {
  MountScene scene;
  const auto judge = [&] { return Say(Judge(DaemonChecks(), "DMN-002", scene, PortParams())); };
  EXPECT_EQ(judge(), "unknown");
  scene.snapshot.host.listeners = Missing(ErrorCode::kDenied, 13);
  EXPECT_EQ(judge(), "unknown");
  scene.snapshot.host.listeners = std::vector<RuntimeListener>{};
  EXPECT_EQ(judge(), "n/a");
}

TEST(NoOpenRuntimePort, NamesTheAddress) {
  MountScene scene;
  scene.snapshot.host.listeners =
      std::vector<RuntimeListener>{Listener("dockerd", 2375, false, false)};
  EXPECT_EQ(Proof(DaemonChecks(), "DMN-002", scene, PortParams()),
            std::vector<std::string>{": dockerd listens on [::]:2375 without authentication"});
}

}  // namespace
}  // namespace hullmark::testing
