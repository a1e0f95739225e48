// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "agent/runtime/claim_files.h"
#include "agent/runtime/claims.h"
#include "agent/runtime/json_fields.h"
#include "agent/runtime/kept_claims.h"
#include "hullmark/snapshot.h"

namespace hullmark::runtime {
namespace {

// What a low-level runtime keeps of each container: which file, and what the values are called.
// Annotations of its configuration are in the state, or in a copy of the configuration beside.
struct StateFiles {
  Runtime runtime;
  std::string_view directory, file;
  std::string_view pid, start, cgroup;
  Picks picks;
};

constexpr auto kRuncFields =
    std::to_array<std::string_view>({"init_process_pid", "init_process_start", "cgroup_paths>*"});
constexpr auto kCrunFields =
    std::to_array<std::string_view>({"pid", "process-start-time", "cgroup-path"});

constexpr StateFiles kRunc = {.runtime = Runtime::kRunc,
                              .directory = "/run/runc",
                              .file = "state.json",
                              .pid = "init_process_pid",
                              .start = "init_process_start",
                              .cgroup = "cgroup_paths>",
                              .picks = {.wanted = kRuncFields, .labels = "config>labels"}};
constexpr StateFiles kCrun = {.runtime = Runtime::kCrun,
                              .directory = "/run/crun",
                              .file = "status",
                              .pid = "pid",
                              .start = "process-start-time",
                              .cgroup = "cgroup-path",
                              .picks = {.wanted = kCrunFields, .labels = ""}};

// Every cgroup that the state names: none may be another's.
bool FitsCgroups(const ClaimSubject& subject, const StateFiles& state, const JsonFields& fields) {
  for (const auto& [place, value] : fields.values()) {
    const auto* const path = std::get_if<std::string>(&value);
    if (path == nullptr || path->empty() || !place.starts_with(state.cgroup)) continue;
    if (!subject.IsIn(*path)) return false;
  }
  return true;
}

std::optional<Claim> ReadState(const ClaimSubject& subject, const StateFiles& state,
                               std::string_view id, ClaimFiles& files) {
  const auto directory = std::string(state.directory) + "/" + std::string(id) + "/";
  const auto path = directory + std::string(state.file);
  const auto json = files.Read(path, state.picks);
  if (!json || !FitsPid(subject, path, json->fields.Number(state.pid), files)) return std::nullopt;
  const auto start = static_cast<std::int64_t>(std::to_underlying(subject.init.stat.start));
  if (json->fields.Number(state.start).value_or(start) != start) {
    files.Note(path + " names a process that started at another time");
    return std::nullopt;
  }
  if (!FitsCgroups(subject, state, json->fields)) {
    files.Note(path + " names another cgroup than the kernel");
    return std::nullopt;
  }
  Claim claim;
  claim.runtime = state.runtime;
  claim.source = path;
  claim.trust = json->trust;
  claim.owner = json->owner;
  claim.id = id;
  claim.name = id;
  claim.labels = json->fields.labels();
  if (state.picks.labels.empty()) AddAnnotations(directory + "config.json", files, claim);
  return claim;
}

// Engines keep the state of what they start here too, under names that say nothing: where a path
// already names an engine, its runtime has nothing to add.
std::optional<Claim> FindState(const ClaimSubject& subject, const StateFiles& state,
                               ClaimFiles& files) {
  if (subject.layout && subject.layout->runtime != Runtime::kUnknown) return std::nullopt;
  const std::string directory(state.directory);
  if (files.Has(directory, subject.id)) return ReadState(subject, state, subject.id, files);
  const auto pid = std::to_underlying(subject.init.pid);
  const auto name =
      files.NameOfPid(directory, {.file = state.file, .key = state.pid, .picks = state.picks}, pid);
  return name ? ReadState(subject, state, *name, files) : std::nullopt;
}

}  // namespace

std::optional<Claim> RuncClaim(const ClaimSubject& subject, ClaimFiles& files) {
  return FindState(subject, kRunc, files);
}

std::optional<Claim> CrunClaim(const ClaimSubject& subject, ClaimFiles& files) {
  return FindState(subject, kCrun, files);
}

}  // namespace hullmark::runtime
