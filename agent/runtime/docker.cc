// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/runtime/claim_files.h"
#include "agent/runtime/claims.h"
#include "agent/runtime/json_fields.h"
#include "agent/runtime/kept_claims.h"
#include "hullmark/snapshot.h"

namespace hullmark::runtime {
namespace {

constexpr std::string_view kProject = "Config>Labels>com.docker.compose.project";
constexpr std::string_view kService = "Config>Labels>com.docker.compose.service";
constexpr auto kWanted = std::to_array<std::string_view>(
    {"Name", "State>Pid", "State>Running", "Config>Image", kProject, kService});
constexpr Picks kConfig = {.wanted = kWanted, .labels = "Config>Labels"};

std::string TextOf(const JsonFields& fields, std::string_view place) {
  return std::string(fields.Text(place).value_or(""));
}

std::optional<Claim> ReadConfig(const ClaimSubject& subject, const std::string& path,
                                ClaimFiles& files) {
  const auto config = files.Read(path, kConfig);
  if (!config) return std::nullopt;
  const auto& fields = config->fields;
  if (!fields.Flag("State>Running").value_or(false)) {
    files.Note(path + " says that it does not run");
    return std::nullopt;
  }
  if (!FitsPid(subject, path, fields.Number("State>Pid"), files)) return std::nullopt;
  auto name = TextOf(fields, "Name");
  if (name.starts_with('/')) name.erase(0, 1);
  Claim claim;
  claim.runtime = Runtime::kDocker;
  claim.source = path;
  claim.trust = config->trust;
  claim.owner = config->owner;
  claim.id = subject.id;
  claim.name = name;
  claim.image = TextOf(fields, "Config>Image");
  claim.compose_project = TextOf(fields, kProject);
  claim.compose_service = TextOf(fields, kService);
  claim.labels = config->fields.labels();
  return claim;
}

}  // namespace

std::optional<Claim> DockerClaim(const ClaimSubject& subject, ClaimFiles& files) {
  std::vector<std::string> stores = {"/var/lib/docker/containers"};
  if (const auto user = subject.User()) {
    const auto home = files.host().home(*user);
    if (home) stores.push_back(*home + "/.local/share/docker/containers");
  }
  for (const auto& store : stores) {
    if (!files.Has(store, subject.id)) continue;
    const auto path = store + "/" + std::string(subject.id) + "/config.v2.json";
    if (auto claim = ReadConfig(subject, path, files)) return claim;
  }
  return std::nullopt;
}

}  // namespace hullmark::runtime
