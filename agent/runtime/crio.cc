// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "agent/runtime/claim_files.h"
#include "agent/runtime/claims.h"
#include "agent/runtime/kept_claims.h"
#include "hullmark/snapshot.h"

namespace hullmark::runtime {
namespace {

constexpr auto kWanted = std::to_array<std::string_view>(
    {"annotations>io.kubernetes.cri-o.ContainerType", "annotations>io.kubernetes.cri-o.SandboxID",
     "annotations>io.kubernetes.cri-o.ImageName", "annotations>io.kubernetes.container.name",
     "annotations>io.kubernetes.pod.name", "annotations>io.kubernetes.pod.namespace",
     "annotations>io.kubernetes.pod.uid"});
constexpr Picks kConfig = {.wanted = kWanted, .labels = "annotations"};

}  // namespace

std::optional<Claim> CrioClaim(const ClaimSubject& subject, ClaimFiles& files) {
  if (!subject.layout || subject.layout->runtime != Runtime::kCrio) return std::nullopt;
  const std::string store = "/run/containers/storage/overlay-containers";
  if (!files.Has(store, subject.id)) return std::nullopt;
  const auto files_of = [&](std::string_view id) {
    return store + "/" + std::string(id) + "/userdata";
  };
  const auto files_of_it = files_of(subject.id);
  const auto pid_file = files_of_it + "/pidfile";
  if (!FitsPid(subject, pid_file, files.ReadNumber(pid_file), files)) return std::nullopt;
  const auto path = files_of_it + "/config.json";
  const auto config = files.Read(path, kConfig);
  if (!config) return std::nullopt;
  const auto text = [&](std::string_view key) {
    return std::string(config->fields.Text("annotations>" + std::string(key)).value_or(""));
  };
  Claim claim;
  claim.runtime = Runtime::kCrio;
  claim.source = path;
  claim.trust = config->trust;
  claim.owner = config->owner;
  claim.id = subject.id;
  claim.labels = config->fields.labels();
  const auto sandbox = text("io.kubernetes.cri-o.SandboxID");
  claim.infrastructure =
      text("io.kubernetes.cri-o.ContainerType") == "sandbox" && sandbox == claim.id;
  // Labels of the pod stand among the annotations of its sandbox.
  if (sandbox != claim.id && files.Has(store, sandbox)) {
    AddAnnotations(files_of(sandbox) + "/config.json", files, claim);
  }
  claim.image = text("io.kubernetes.cri-o.ImageName");
  claim.pod_name = text("io.kubernetes.pod.name");
  claim.pod_namespace = text("io.kubernetes.pod.namespace");
  claim.pod = text("io.kubernetes.pod.uid");
  if (!claim.infrastructure) claim.pod_container = text("io.kubernetes.container.name");
  claim.name = claim.infrastructure ? claim.pod_name : claim.pod_container;
  return claim;
}

}  // namespace hullmark::runtime
