// SPDX-License-Identifier: Apache-2.0
#include "agent/runtime/attribute.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "agent/runtime/claim_files.h"
#include "agent/runtime/claims.h"
#include "agent/runtime/describe.h"
#include "agent/runtime/json_fields.h"
#include "agent/runtime/kinship.h"
#include "agent/runtime/scene.h"
#include "agent/runtime/structure.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "hullmark/strings.h"

namespace hullmark {
namespace {

using runtime::Claim;
using runtime::CutName;
using runtime::Description;
using runtime::Draft;
using runtime::DraftRow;
using runtime::Row;
using runtime::Scene;
using runtime::Structure;

// The directories of the draft's cgroup: in each hierarchy with limits the one of its path that the
// init is in or below. They hold for who is in there.
std::vector<CgroupIndex> DirectoriesOf(const Scene& scene, const Draft& draft) {
  std::vector<CgroupIndex> directories;
  const auto& init = scene.At(draft.init);
  if (!draft.cgroup) return directories;
  directories.push_back(*draft.cgroup);
  if (!init.leader.cgroup) return directories;
  const auto path = scene.snapshot.At(*draft.cgroup).path;
  for (const CgroupIndex leaf : scene.snapshot.At(*init.leader.cgroup).cgroups) {
    const auto hierarchy = std::to_underlying(scene.snapshot.At(leaf).hierarchy);
    if (scene.snapshot.hierarchies[hierarchy].controllers == 0) continue;
    std::optional<CgroupIndex> at = leaf;
    while (at && scene.snapshot.At(*at).path != path) at = scene.cgroups.Above(*at);
    if (at && *at != *draft.cgroup) directories.push_back(*at);
  }
  return directories;
}

bool IsOutside(const Scene& scene, const std::vector<CgroupIndex>& directories,
               const Process& process) {
  return std::ranges::any_of(directories, [&](CgroupIndex own) {
    const auto cgroup = scene.cgroups.Of(process, scene.snapshot.At(own).hierarchy);
    return cgroup && !scene.cgroups.Within(cgroup, own);
  });
}

std::vector<std::vector<Member>> MembersOf(const Scene& scene, const Structure& structure) {
  const auto joined = runtime::JoinedFromOutside(scene, structure);
  std::vector<std::vector<Member>> members(structure.drafts.size());
  std::vector<std::vector<CgroupIndex>> directories;
  directories.reserve(structure.drafts.size());
  for (const Draft& draft : structure.drafts) directories.push_back(DirectoriesOf(scene, draft));
  for (Row row = 0; row < structure.owner.size(); ++row) {
    const auto owner = structure.owner[row];
    if (!owner) continue;
    const bool outside = IsOutside(scene, directories[*owner], scene.At(row));
    members[*owner].push_back(
        {.process = ProcessIndex{row}, .joined = joined[row], .outside_cgroup = outside});
  }
  return members;
}

Fact<MountNamespaceIndex> MountsOf(const Snapshot& snapshot, const Process& init) {
  const auto inode = init.leader.namespaces[NamespaceKind::kMnt];
  if (!inode) return std::unexpected(inode.error());
  const MountNamespace* row = FindMountNamespace(snapshot, *inode);
  if (row == nullptr) return Missing(ErrorCode::kNotRead);
  return MountNamespaceIndex{static_cast<std::uint32_t>(row - snapshot.mount_namespaces.data())};
}

// The order of the report: by start of the init, then by id. Processes of one tick are told apart
// by pid, so that the order never depends on how they were read.
std::vector<DraftRow> InOrder(const Scene& scene, const Structure& structure,
                              const std::vector<Description>& descriptions) {
  std::vector<DraftRow> order(structure.drafts.size());
  for (DraftRow at = 0; at < order.size(); ++at) order[at] = at;
  std::ranges::sort(order, {}, [&](DraftRow at) {
    const auto& init = scene.At(structure.drafts[at].init);
    return std::tuple(init.stat.start, std::string_view(descriptions[at].claim.id), init.pid);
  });
  return order;
}

// Two never share an id: the older keeps it, whatever the other calls itself.
void MakeUnique(const Scene& scene, const Structure& structure, const std::vector<DraftRow>& order,
                std::vector<Description>& descriptions) {
  std::set<std::string> taken;
  for (const DraftRow at : order) {
    auto& id = descriptions[at].claim.id;
    id = CutName(id);
    if (!taken.insert(id).second) {
      const auto pid = std::to_underlying(scene.At(structure.drafts[at].init).pid);
      id += "#" + std::to_string(pid);
      taken.insert(id);
    }
  }
}

void FillClaims(const Claim& claim, StringTable& strings, Container& container) {
  const auto text = [&](std::string_view value) { return strings.Intern(CutName(value)); };
  container.id = strings.Intern(claim.id);
  container.name = text(claim.name);
  container.runtime = claim.runtime;
  container.pod = text(claim.pod);
  if (claim.infrastructure) container.container_class = ContainerClass::kPause;
  if (!claim.source.empty()) {
    container.claims = Claims{.source = strings.Intern(claim.source),
                              .trust = claim.trust,
                              .owner = claim.owner,
                              .labels = {}};
    for (const auto& [key, value] : claim.labels) {
      container.claims->labels.push_back({.key = strings.Intern(key), .value = text(value)});
    }
  }
  if (!claim.image.empty()) container.image = text(claim.image);
  // A kubelet calls a pod by a UUID, podman by a SHA-256 in hexadecimal.
  constexpr std::size_t kSha256Digits = 64;
  const bool kubelets_pod = !claim.pod.empty() && claim.pod.size() != kSha256Digits;
  if (kubelets_pod || !claim.pod_name.empty() || !claim.pod_container.empty()) {
    container.kubernetes = KubernetesClaims{.name_space = text(claim.pod_namespace),
                                            .pod = text(claim.pod_name),
                                            .pod_uid = text(claim.pod),
                                            .container = text(claim.pod_container)};
  }
  if (!claim.compose_project.empty() || !claim.compose_service.empty()) {
    container.compose = ComposeClaims{.project = text(claim.compose_project),
                                      .service = text(claim.compose_service)};
  }
}

std::uint32_t CountUnattributed(const Scene& scene, const Structure& structure) {
  std::uint32_t count = 0;
  for (Row row = 0; row < structure.owner.size(); ++row) {
    const auto& process = scene.At(row);
    if (structure.owner[row] || runtime::IsKernelThread(process)) continue;
    if (!process.leader.namespaces[NamespaceKind::kMnt]) ++count;
  }
  return count;
}

}  // namespace

void AttributeContainers(Snapshot& snapshot, const HostReader& host,
                         std::span<const std::string> label_keys, KeptClaims* kept) {
  snapshot.label_keys.assign(label_keys.begin(), label_keys.end());
  const Scene scene(snapshot);
  Structure structure = runtime::FindContainers(scene);
  runtime::FindMachines(scene, host.runs_virtual_machine, structure);
  runtime::FindChrooted(scene, structure);
  runtime::FindServices(scene, structure);
  runtime::FindSandboxes(scene, structure);

  auto members = MembersOf(scene, structure);
  runtime::ClaimFiles files(host, label_keys, kept);
  std::vector<Description> descriptions;
  descriptions.reserve(structure.drafts.size());
  for (DraftRow at = 0; at < structure.drafts.size(); ++at) {
    descriptions.push_back(
        runtime::Describe(scene, structure, structure.drafts[at], members[at].size(), files));
  }
  const auto order = InOrder(scene, structure, descriptions);
  MakeUnique(scene, structure, order, descriptions);

  std::vector<std::uint32_t> place(order.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) place[order[i]] = i;
  std::vector<Container> containers(order.size());
  for (DraftRow at = 0; at < order.size(); ++at) {
    const auto& draft = structure.drafts[at];
    auto& container = containers[place[at]];
    container.container_class = draft.container_class;
    container.cgroup = draft.cgroup;
    if (draft.parent) container.parent = place[*draft.parent];
    container.init = ProcessIndex{draft.init};
    container.mounts = MountsOf(snapshot, scene.At(draft.init));
    container.members = std::move(members[at]);
    FillClaims(descriptions[at].claim, snapshot.strings, container);
    for (const auto& note : descriptions[at].notes) {
      container.notes.push_back(snapshot.strings.Intern(note));
    }
  }
  snapshot.containers = std::move(containers);
  snapshot.counts.unattributed = CountUnattributed(scene, structure);
}

}  // namespace hullmark
