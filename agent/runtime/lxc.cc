// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <string>
#include <string_view>

#include "agent/runtime/claim_files.h"
#include "agent/runtime/claims.h"
#include "hullmark/snapshot.h"

namespace hullmark::runtime {

// The cgroup has the name; that a configuration of that name exists is all the file is asked for.
std::optional<Claim> LxcClaim(const ClaimSubject& subject, ClaimFiles& files) {
  constexpr std::string_view kContainers = "/var/lib/lxc";
  if (!subject.layout || subject.layout->runtime != Runtime::kLxc) return std::nullopt;
  if (!files.Has(std::string(kContainers), subject.layout->id)) return std::nullopt;
  const std::string name(subject.layout->id);
  const auto path = std::string(kContainers) + "/" + name + "/config";
  const auto config = files.host().read(path);
  if (!config) return std::nullopt;
  Claim claim;
  claim.runtime = Runtime::kLxc;
  claim.source = path;
  claim.trust = config->trust;
  claim.owner = config->owner;
  claim.id = name;
  claim.name = name;
  return claim;
}

}  // namespace hullmark::runtime
