// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/runtime/claim_files.h"
#include "agent/runtime/json_fields.h"
#include "agent/runtime/layouts.h"
#include "agent/runtime/scene.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"

namespace hullmark::runtime {

// Whom a claim has to fit.
struct ClaimSubject {
  const Scene& scene;
  const Process& init;
  std::optional<LayoutMatch> layout;  // What a cgroup path of its init looks like.
  std::string_view id;                // Of the layout, else the last directory of its cgroup.
  const Process* starter = nullptr;   // Its init's parent, where that is no process of its own.

  // Whether a claimed cgroup path, or an end of it, is one that the init is in or below.
  bool IsIn(std::string_view claimed) const;
  // Who started it, where that is not root: whose home may have claims.
  std::optional<Uid> User() const;
};

// What somebody says of a container: texts from files and command lines, as they are there.
struct Claim {
  Runtime runtime = Runtime::kUnknown;
  std::string source;  // Path of the file.
  Trust trust = Trust::kUser;
  std::optional<Uid> owner;
  std::string id, name, image, pod;  // "" where it says nothing.
  std::string pod_name, pod_namespace, pod_container;
  std::string compose_project, compose_service;
  JsonFields::Labels labels;    // Of the keys that are asked for.
  bool infrastructure = false;  // Calls itself the process that holds a pod together.
};

// The first claim that fits, in the order of the table of claimants; what was looked at and does
// not fit leaves notes in `files`.
std::optional<Claim> FindClaim(const ClaimSubject& subject, ClaimFiles& files);

// Each runtime's way of finding its claim.
std::optional<Claim> DockerClaim(const ClaimSubject& subject, ClaimFiles& files);
std::optional<Claim> PodmanClaim(const ClaimSubject& subject, ClaimFiles& files);
std::optional<Claim> ContainerdClaim(const ClaimSubject& subject, ClaimFiles& files);
std::optional<Claim> CrioClaim(const ClaimSubject& subject, ClaimFiles& files);
std::optional<Claim> RuncClaim(const ClaimSubject& subject, ClaimFiles& files);
std::optional<Claim> CrunClaim(const ClaimSubject& subject, ClaimFiles& files);
std::optional<Claim> LxcClaim(const ClaimSubject& subject, ClaimFiles& files);
std::optional<Claim> NspawnClaim(const ClaimSubject& subject, ClaimFiles& files);

// The annotations of the OCI configuration at `path`, as labels where the claim has none of that
// key. They must be the word of who owns the claim; where not, a note says so.
void AddAnnotations(const std::string& path, ClaimFiles& files, Claim& claim);

// Names of a pod from the kubelet's log directories, where no runtime gave any.
void NamePodByLogs(ClaimFiles& files, Claim& claim);

// Whether a claimed pid is the init's; where not, a note says so.
bool FitsPid(const ClaimSubject& subject, std::string_view source, std::optional<std::int64_t> pid,
             ClaimFiles& files);

// The arguments of the process that started the init, where it executes `program`.
std::optional<std::vector<std::string>> StarterArguments(const ClaimSubject& subject,
                                                         std::string_view program,
                                                         ClaimFiles& files);
// A claim that rests on the starter's command line, owned by whoever runs it.
Claim ClaimOfStarter(const ClaimSubject& subject, Runtime runtime);

// The value after `option`, or of "--option=value"; "" where it is not given.
std::string_view OptionOf(const std::vector<std::string>& arguments, std::string_view option,
                          std::string_view long_option);

}  // namespace hullmark::runtime
