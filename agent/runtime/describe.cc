// SPDX-License-Identifier: Apache-2.0
#include "agent/runtime/describe.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "agent/runtime/claim_files.h"
#include "agent/runtime/claims.h"
#include "agent/runtime/kinship.h"
#include "agent/runtime/layouts.h"
#include "agent/runtime/programs.h"
#include "agent/runtime/scene.h"
#include "agent/runtime/structure.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"

namespace hullmark::runtime {
namespace {

// A cgroup name above an outer container is that one's.
bool IsOuters(const Scene& scene, const Structure& structure, const Draft& draft,
              CgroupIndex named) {
  if (!draft.parent) return false;
  const auto& outer = scene.At(structure.drafts[*draft.parent].init);
  const auto cgroup = scene.cgroups.Of(outer, scene.snapshot.At(named).hierarchy);
  return cgroup && scene.cgroups.Within(cgroup, named);
}

std::optional<LayoutMatch> LayoutOf(const Scene& scene, const Structure& structure,
                                    const Draft& draft) {
  for (const HierarchyIndex hierarchy : scene.cgroups.preference()) {
    const auto leaf = scene.cgroups.Of(scene.At(draft.init), hierarchy);
    const auto named = leaf ? scene.cgroups.LayoutAt(*leaf) : std::nullopt;
    if (!named || IsOuters(scene, structure, draft, *named)) continue;
    return scene.cgroups.MatchAt(*named);
  }
  return std::nullopt;
}

ClaimSubject SubjectOf(const Scene& scene, const Structure& structure, const Draft& draft) {
  ClaimSubject subject{.scene = scene,
                       .init = scene.At(draft.init),
                       .layout = LayoutOf(scene, structure, draft),
                       .id = {},
                       .starter = nullptr};
  if (subject.layout) {
    subject.id = subject.layout->id;
  } else if (draft.cgroup) {
    subject.id = BaseName(scene.cgroups.PathOf(*draft.cgroup));
  }
  const auto parent = scene.kin.parent[draft.init];
  if (parent && structure.owner[*parent] != structure.owner[draft.init]) {
    subject.starter = &scene.At(*parent);
  }
  return subject;
}

// Stable while it lives, and after the program that reads it was started again.
std::string IdOfNamespace(const Process& process) {
  const auto mounts = process.leader.namespaces[NamespaceKind::kMnt];
  if (mounts) return "mnt-" + std::to_string(std::to_underlying(*mounts));
  return "pid-" + std::to_string(std::to_underlying(process.pid));
}

// The unit as systemd calls it; a user's after the user's: "user@1000.service/app.service".
Claim NameService(const Scene& scene, const Draft& draft, std::string_view unit) {
  Claim claim;
  claim.runtime = draft.runtime;
  claim.name = UnescapeUnit(BaseName(unit));
  for (std::size_t at = 1; at < unit.size();) {
    const auto end = std::min(unit.find('/', at), unit.size());
    const auto directory = unit.substr(at, end - at);
    at = end + 1;
    if (!directory.ends_with(".service")) continue;
    if (!claim.id.empty()) claim.id += '/';
    claim.id += UnescapeUnit(directory);
  }
  if (claim.id.empty()) claim.id = IdOfNamespace(scene.At(draft.init));
  return claim;
}

Claim NameSandbox(const Scene& scene, const Draft& draft) {
  Claim claim;
  claim.runtime = draft.runtime;
  claim.id = IdOfNamespace(scene.At(draft.init));
  return claim;
}

// What the kernel's own facts say where no claim does.
void FillFromStructure(const ClaimSubject& subject, const Draft& draft, Claim& claim) {
  const auto of_layout = subject.layout ? subject.layout->runtime : Runtime::kUnknown;
  if (draft.runtime != Runtime::kUnknown) claim.runtime = draft.runtime;
  if (claim.runtime == Runtime::kUnknown) claim.runtime = of_layout;
  if (claim.runtime == Runtime::kUnknown && subject.starter != nullptr) {
    claim.runtime = RuntimeOfParent(ProgramOf(subject.scene, *subject.starter));
  }
  if (claim.id.empty()) claim.id = UnescapeUnit(subject.id);
  if (claim.id.empty()) claim.id = IdOfNamespace(subject.init);
  const bool named = of_layout == Runtime::kLxc || of_layout == Runtime::kNspawn;
  if (claim.name.empty() && named) claim.name = claim.id;
  const auto cgroup = subject.scene.cgroups.Of(subject.init);
  // Containers of one pod are excused from sharing, so a user's own files cannot make a pod.
  if (claim.trust == Trust::kUser) claim.pod.clear();
  if (claim.pod.empty() && cgroup) claim.pod = PodOfPath(subject.scene.cgroups.PathOf(*cgroup));
}

}  // namespace

Description Describe(const Scene& scene, const Structure& structure, const Draft& draft,
                     std::size_t members, ClaimFiles& files) {
  if (draft.container_class == ContainerClass::kService) {
    return {.claim = NameService(scene, draft, draft.unit), .notes = {}};
  }
  if (draft.container_class == ContainerClass::kSandbox) {
    return {.claim = NameSandbox(scene, draft), .notes = {}};
  }
  const auto subject = SubjectOf(scene, structure, draft);
  Description description{.claim = FindClaim(subject, files).value_or(Claim{}), .notes = {}};
  auto& claim = description.claim;
  FillFromStructure(subject, draft, claim);
  NamePodByLogs(files, claim);
  description.notes = files.TakeNotes();
  if (!claim.infrastructure) return description;
  claim.infrastructure = claim.trust == Trust::kRoot && members == 1;
  if (!claim.infrastructure) {
    description.notes.push_back(claim.source + " calls it pod infrastructure, it is more");
  }
  return description;
}

}  // namespace hullmark::runtime
