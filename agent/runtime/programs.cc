// SPDX-License-Identifier: Apache-2.0
#include "agent/runtime/programs.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "agent/parse/proc_cgroup.h"
#include "agent/runtime/layouts.h"
#include "agent/runtime/scene.h"
#include "hullmark/snapshot.h"

namespace hullmark::runtime {
namespace {

constexpr auto kParents = std::to_array<std::pair<std::string_view, Runtime>>({
    {"buildkitd", Runtime::kBuildkit},
    {"bwrap", Runtime::kBubblewrap},
    {"conmon", Runtime::kPodman},
    {"containerd-shim", Runtime::kContainerd},
    {"containerd-shim-runc-v1", Runtime::kContainerd},
    {"containerd-shim-runc-v2", Runtime::kContainerd},
    {"crun", Runtime::kCrun},
    {"gdn", Runtime::kGarden},
    {"incusd", Runtime::kLxc},
    {"lxc-execute", Runtime::kLxc},
    {"lxc-start", Runtime::kLxc},
    {"lxd", Runtime::kLxc},
    {"nomad", Runtime::kNomad},
    {"runc", Runtime::kRunc},
    {"systemd-nspawn", Runtime::kNspawn},
});

constexpr auto kRootlessPrograms = std::to_array<std::string_view>(
    {"aardvark-dns", "buildah", "catatonit", "conmon", "fuse-overlayfs", "newuidmap", "pasta",
     "pasta.avx2", "podman", "rootlesskit", "rootlessport", "slirp4netns"});

constexpr auto kStarters = std::to_array<std::string_view>({"conmon", "crun", "runc", "youki"});

template <typename Names>
bool Has(const Names& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

std::string_view ProgramOf(const Snapshot& snapshot, const Executable& executable) {
  auto path = snapshot.Text(executable.path);
  const bool removed = executable.links == 0 && !path.starts_with("/memfd:");
  if (removed) path = WithoutDeletedSuffix(path).value_or(path);
  return BaseName(path);
}

std::string_view ProgramOf(const Scene& scene, const Process& process) {
  if (!process.executable) return {};
  return ProgramOf(scene.snapshot, scene.snapshot.At(*process.executable));
}

Runtime RuntimeOfParent(std::string_view program) {
  const auto row =
      std::ranges::find(kParents, program, [](const auto& pair) { return pair.first; });
  return row == kParents.end() ? Runtime::kUnknown : row->second;
}

Runtime SandboxOf(std::string_view program) {
  if (program == "bwrap") return Runtime::kBubblewrap;
  return Has(kRootlessPrograms, program) ? Runtime::kRootless : Runtime::kUnshare;
}

bool IsStarter(std::string_view program) {
  // A sealed copy of runc in memory is called "/memfd:runc_cloned:/proc/self/exe (deleted)".
  return Has(kStarters, program) || program.starts_with("containerd-shim") ||
         program == "exe (deleted)";
}

}  // namespace hullmark::runtime
