// SPDX-License-Identifier: Apache-2.0
#include "agent/runtime/claims.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/runtime/claim_files.h"
#include "agent/runtime/host_view.h"
#include "agent/runtime/kept_claims.h"
#include "agent/runtime/programs.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark::runtime {
namespace {

using Claimant = std::optional<Claim> (*)(const ClaimSubject&, ClaimFiles&);

// Engines before the runtimes that they use: those know the names.
constexpr std::array<Claimant, 8> kClaimants = {DockerClaim, PodmanClaim, ContainerdClaim,
                                                CrioClaim,   RuncClaim,   CrunClaim,
                                                LxcClaim,    NspawnClaim};

}  // namespace

bool ClaimSubject::IsIn(std::string_view claimed) const {
  if (!init.leader.cgroup) return false;
  for (const CgroupIndex leaf : scene.snapshot.At(*init.leader.cgroup).cgroups) {
    for (std::optional<CgroupIndex> at = leaf; at && !scene.cgroups.IsRoot(*at);
         at = scene.cgroups.Above(*at)) {
      if (claimed.ends_with(scene.cgroups.PathOf(*at))) return true;
    }
  }
  return false;
}

std::optional<Uid> ClaimSubject::User() const {
  const Process& who = starter != nullptr ? *starter : init;
  if (!who.leader.status || who.leader.status->uid.real == Uid{}) return std::nullopt;
  return who.leader.status->uid.real;
}

std::optional<Claim> FindClaim(const ClaimSubject& subject, ClaimFiles& files) {
  for (const Claimant claimant : kClaimants) {
    if (auto claim = claimant(subject, files)) return claim;
  }
  return std::nullopt;
}

bool FitsPid(const ClaimSubject& subject, std::string_view source, std::optional<std::int64_t> pid,
             ClaimFiles& files) {
  const auto ours = std::to_underlying(subject.init.pid);
  if (pid == ours) return true;
  const auto says = pid ? " names pid " + std::to_string(*pid) : std::string(" names no pid");
  files.Note(std::string(source) + says + ", the kernel says " + std::to_string(ours));
  return false;
}

void AddAnnotations(const std::string& path, ClaimFiles& files, Claim& claim) {
  static constexpr Picks kAnnotations = {.wanted = {}, .labels = "annotations"};
  if (!files.WantsLabels()) return;
  const auto config = files.Read(path, kAnnotations);
  if (!config) return;
  if (config->trust != claim.trust || config->owner != claim.owner) {
    files.Note(path + " is not of whom the names are: no labels of it");
    return;
  }
  const auto& labels = config->fields.labels();
  claim.labels.insert(labels.begin(), labels.end());
}

std::optional<std::vector<std::string>> StarterArguments(const ClaimSubject& subject,
                                                         std::string_view program,
                                                         ClaimFiles& files) {
  if (subject.starter == nullptr || ProgramOf(subject.scene, *subject.starter) != program) {
    return std::nullopt;
  }
  auto arguments = files.host().arguments(*subject.starter);
  if (!arguments) return std::nullopt;
  return std::move(*arguments);
}

Claim ClaimOfStarter(const ClaimSubject& subject, Runtime runtime) {
  const Process& starter = *subject.starter;
  const auto& status = starter.leader.status;
  Claim claim;
  claim.runtime = runtime;
  claim.source = "/proc/" + std::to_string(std::to_underlying(starter.pid)) + "/cmdline";
  if (!status) return claim;
  claim.owner = status->uid.real;
  const bool root = status->uid.real == Uid{} && status->uid.effective == Uid{};
  const bool ours = subject.scene.host.NamespaceOf(starter, NamespaceKind::kUser) == Share::kHost;
  claim.trust = root && ours ? Trust::kRoot : Trust::kUser;
  return claim;
}

std::string_view OptionOf(const std::vector<std::string>& arguments, std::string_view option,
                          std::string_view long_option) {
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    std::string_view argument = arguments[i];
    if (argument == option || argument == long_option) {
      return i + 1 < arguments.size() ? std::string_view(arguments[i + 1]) : std::string_view();
    }
    if (!argument.starts_with(long_option)) continue;
    argument.remove_prefix(long_option.size());
    if (argument.starts_with('=')) return argument.substr(1);
  }
  return {};
}

}  // namespace hullmark::runtime
