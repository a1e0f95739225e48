// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <string_view>

#include "agent/runtime/claim_files.h"
#include "agent/runtime/claims.h"
#include "hullmark/snapshot.h"

namespace hullmark::runtime {

// The name is on the command line of the process that started it, see systemd-nspawn(1).
std::optional<Claim> NspawnClaim(const ClaimSubject& subject, ClaimFiles& files) {
  const auto arguments = StarterArguments(subject, "systemd-nspawn", files);
  if (!arguments) return std::nullopt;
  const auto machine = OptionOf(*arguments, "-M", "--machine");
  if (machine.empty()) return std::nullopt;
  Claim claim = ClaimOfStarter(subject, Runtime::kNspawn);
  claim.id = machine;
  claim.name = machine;
  return claim;
}

}  // namespace hullmark::runtime
