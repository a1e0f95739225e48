// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/runtime/claim_files.h"
#include "agent/runtime/claims.h"
#include "agent/runtime/host_view.h"
#include "agent/runtime/json_fields.h"
#include "agent/runtime/kept_claims.h"
#include "agent/runtime/kinship.h"
#include "agent/runtime/layouts.h"
#include "agent/runtime/programs.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"

namespace hullmark::runtime {
namespace {

constexpr auto kStoreFields = std::to_array<std::string_view>({"*>id", "*>names>0", "*>metadata"});
constexpr Picks kStore = {.wanted = kStoreFields, .labels = ""};
constexpr auto kMetadataFields = std::to_array<std::string_view>({"image-name", "name"});
constexpr auto kDrivers = std::to_array<std::string_view>({"overlay", "vfs", "btrfs"});

// Where containers are stored and where the pids of running ones are.
struct Store {
  std::string storage, running;
  bool root = true;
};

std::vector<Store> StoresFor(const ClaimSubject& subject, ClaimFiles& files) {
  std::vector<Store> stores = {
      {.storage = "/var/lib/containers/storage/", .running = "/run/containers/storage/"}};
  const auto user = subject.User();
  if (!user) return stores;
  const auto home = files.host().home(*user);
  if (!home) return stores;
  const auto uid = std::to_string(std::to_underlying(*user));
  stores.push_back({.storage = *home + "/.local/share/containers/storage/",
                    .running = "/run/user/" + uid + "/containers/",
                    .root = false});
  return stores;
}

void ReadNames(const JsonFields& store, const std::string& place, Claim& claim) {
  const auto metadata =
      JsonFields::Parse(store.Text(place + "metadata").value_or("{}"), kMetadataFields);
  claim.name = store.Text(place + "names>0").value_or("");
  if (!metadata) return;
  if (claim.name.empty()) claim.name = metadata->Text("name").value_or("");
  claim.image = metadata->Text("image-name").value_or("");
}

std::optional<Claim> ReadStore(const ClaimSubject& subject, std::string_view id, const Store& store,
                               ClaimFiles& files) {
  for (const auto driver : kDrivers) {
    const auto containers = std::string(driver) + "-containers";
    const auto path = store.storage + containers + "/containers.json";
    const auto& listed = files.ReadCatalogue(path, kStore);
    const auto place = listed.place_of.find(id);
    if (!listed.file || place == listed.place_of.end()) continue;
    const auto pid_file = store.running + containers + "/" + std::string(id) + "/userdata/pidfile";
    const auto pid = files.ReadNumber(pid_file);
    // Users may keep theirs elsewhere; what they say is worth a user's word in any case.
    if ((pid || store.root) && !FitsPid(subject, pid_file, pid, files)) return std::nullopt;
    Claim claim;
    claim.runtime = Runtime::kPodman;
    claim.source = path;
    claim.trust = listed.file->trust;
    claim.owner = listed.file->owner;
    claim.id = id;
    ReadNames(listed.file->fields, place->second, claim);
    // Its labels are in a database; what is a file are the annotations.
    AddAnnotations(store.storage + containers + "/" + claim.id + "/userdata/config.json", files,
                   claim);
    return claim;
  }
  return std::nullopt;
}

bool IsId(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// conmon says on its command line for which container it is there.
std::optional<Claim> ConmonClaim(const ClaimSubject& subject, ClaimFiles& files) {
  const auto arguments = StarterArguments(subject, "conmon", files);
  if (!arguments) return std::nullopt;
  const auto id = OptionOf(*arguments, "-c", "--cid");
  if (!IsId(id)) return std::nullopt;
  Claim claim = ClaimOfStarter(subject, Runtime::kPodman);
  claim.id = id;
  claim.name = OptionOf(*arguments, "-n", "--name");
  return claim;
}

// Whether nobody older is in its network or ipc namespace: who holds a pod together comes first.
bool CameFirst(const ClaimSubject& subject) {
  constexpr std::array kKinds = {NamespaceKind::kNet, NamespaceKind::kIpc};
  const auto& init = subject.init;
  return std::ranges::none_of(subject.scene.snapshot.processes, [&](const Process& process) {
    return Older(process, init) && std::ranges::any_of(kKinds, [&](NamespaceKind kind) {
             const auto own = init.leader.namespaces[kind];
             return own && process.leader.namespaces[kind] == own &&
                    subject.scene.host.NamespaceOf(init, kind) == Share::kOwn;
           });
  });
}

// A pod's infra container runs one small program that only waits. Name and program may be anybody's
// choice: it has to be in a pod's cgroup, and the first there, besides.
bool IsInfra(const ClaimSubject& subject, const Claim& claim) {
  const auto program = ProgramOf(subject.scene, subject.init);
  if (!claim.name.ends_with("-infra") || (program != "catatonit" && program != "pause")) {
    return false;
  }
  const auto cgroup = subject.scene.cgroups.Of(subject.init);
  return cgroup && !PodOfPath(subject.scene.cgroups.PathOf(*cgroup)).empty() && CameFirst(subject);
}

}  // namespace

std::optional<Claim> PodmanClaim(const ClaimSubject& subject, ClaimFiles& files) {
  const bool other = subject.layout && subject.layout->runtime != Runtime::kUnknown &&
                     subject.layout->runtime != Runtime::kPodman;
  if (other) return std::nullopt;
  auto monitor = ConmonClaim(subject, files);
  const std::string id(monitor ? monitor->id : subject.id);
  if (!IsId(id)) return std::nullopt;
  for (const auto& store : StoresFor(subject, files)) {
    auto claim = ReadStore(subject, id, store, files);
    if (!claim) continue;
    claim->infrastructure = IsInfra(subject, *claim);
    return claim;
  }
  return monitor;
}

}  // namespace hullmark::runtime
