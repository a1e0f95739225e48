// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "agent/runtime/claim_files.h"
#include "agent/runtime/claims.h"
#include "agent/runtime/json_fields.h"
#include "agent/runtime/kept_claims.h"
#include "hullmark/snapshot.h"

namespace hullmark::runtime {
namespace {

// containerd's own, dockerd's when it starts one, k3s'.
constexpr auto kTasks = std::to_array<std::string_view>({
    "/run/containerd/io.containerd.runtime.v2.task",
    "/run/docker/containerd/daemon/io.containerd.runtime.v2.task",
    "/run/k3s/containerd/io.containerd.runtime.v2.task",
});

// Annotations of containerd's CRI plugin and of nerdctl.
constexpr auto kWanted = std::to_array<std::string_view>(
    {"annotations>io.kubernetes.cri.container-type", "annotations>io.kubernetes.cri.container-name",
     "annotations>io.kubernetes.cri.sandbox-id", "annotations>io.kubernetes.cri.sandbox-name",
     "annotations>io.kubernetes.cri.sandbox-namespace", "annotations>io.kubernetes.cri.sandbox-uid",
     "annotations>io.kubernetes.cri.image-name", "annotations>nerdctl/name", "linux>cgroupsPath"});
constexpr Picks kConfig = {.wanted = kWanted, .labels = "annotations"};

void ReadAnnotations(const JsonFields& fields, Claim& claim) {
  const auto text = [&](std::string_view key) {
    return std::string(fields.Text("annotations>" + std::string(key)).value_or(""));
  };
  claim.pod_container = text("io.kubernetes.cri.container-name");
  claim.pod_name = text("io.kubernetes.cri.sandbox-name");
  claim.pod_namespace = text("io.kubernetes.cri.sandbox-namespace");
  claim.pod = text("io.kubernetes.cri.sandbox-uid");
  claim.image = text("io.kubernetes.cri.image-name");
  claim.infrastructure = text("io.kubernetes.cri.container-type") == "sandbox" &&
                         text("io.kubernetes.cri.sandbox-id") == claim.id;
  for (const auto& name : {claim.pod_container, claim.pod_name, text("nerdctl/name"), claim.id}) {
    if (claim.name.empty()) claim.name = name;
  }
}

// With the cgroupfs driver the claimed path is a path, with systemd's it is "slice:prefix:name".
bool FitsCgroup(const ClaimSubject& subject, const JsonFields& fields, const std::string& path,
                ClaimFiles& files) {
  const auto claimed = fields.Text("linux>cgroupsPath");
  if (!claimed || claimed->contains(':') || subject.IsIn(*claimed)) return true;
  files.Note(path + " names another cgroup than the kernel");
  return false;
}

std::optional<Claim> ReadTask(const ClaimSubject& subject, const std::string& below,
                              ClaimFiles& files) {
  const auto task = below + "/" + std::string(subject.id);
  const auto pid_file = task + "/init.pid";
  if (!FitsPid(subject, pid_file, files.ReadNumber(pid_file), files)) return std::nullopt;
  const auto path = task + "/config.json";
  const auto config = files.Read(path, kConfig);
  if (!config || !FitsCgroup(subject, config->fields, path, files)) return std::nullopt;
  Claim claim;
  claim.runtime = below.ends_with("/moby") ? Runtime::kDocker : Runtime::kContainerd;
  claim.source = path;
  claim.trust = config->trust;
  claim.owner = config->owner;
  claim.id = subject.id;
  claim.labels = config->fields.labels();
  ReadAnnotations(config->fields, claim);
  return claim;
}

}  // namespace

std::optional<Claim> ContainerdClaim(const ClaimSubject& subject, ClaimFiles& files) {
  for (const auto tasks : kTasks) {
    const std::string directory(tasks);
    for (const auto& name_space : files.In(directory)) {
      auto below = directory;
      below.append("/").append(name_space);
      if (!files.Has(below, subject.id)) continue;
      if (auto claim = ReadTask(subject, below, files)) return claim;
    }
  }
  return std::nullopt;
}

}  // namespace hullmark::runtime
