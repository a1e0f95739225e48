// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "agent/runtime/claim_files.h"
#include "agent/runtime/claims.h"
#include "agent/runtime/json_fields.h"
#include "hullmark/snapshot.h"

namespace hullmark::runtime {
namespace {

// What a low-level runtime keeps of each container: which file, and what the values are called.
// Annotations of its configuration are in the state, at `labels`, or in a copy of it beside.
struct StateFiles {
  Runtime runtime;
  std::string_view directory, file, labels;
  std::string_view pid, start, cgroup;
  std::array<std::string_view, 3> wanted;
};

constexpr StateFiles kRunc = {
    .runtime = Runtime::kRunc,
    .directory = "/run/runc",
    .file = "state.json",
    .labels = "config>labels",
    .pid = "init_process_pid",
    .start = "init_process_start",
    .cgroup = "cgroup_paths>",
    .wanted = {"init_process_pid", "init_process_start", "cgroup_paths>*"}};
constexpr StateFiles kCrun = {.runtime = Runtime::kCrun,
                              .directory = "/run/crun",
                              .file = "status",
                              .labels = "",
                              .pid = "pid",
                              .start = "process-start-time",
                              .cgroup = "cgroup-path",
                              .wanted = {"pid", "process-start-time", "cgroup-path"}};

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
  const auto json = files.Read(path, state.wanted, state.labels);
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
  claim.labels = json->labels;
  if (state.labels.empty()) AddAnnotations(directory + "config.json", files, claim);
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
  const auto name = files.NameOfPid(directory, {.file = state.file, .key = state.pid}, pid);
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
