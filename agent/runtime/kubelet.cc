// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <string_view>

#include "agent/parse/cut.h"
#include "agent/runtime/claim_files.h"
#include "agent/runtime/claims.h"

namespace hullmark::runtime {

// A pod's log directory is called "<namespace>_<pod>_<uid>"; Kubernetes' names have no underscore.
void NamePodByLogs(ClaimFiles& files, Claim& claim) {
  if (claim.pod.empty() || !claim.pod_name.empty()) return;
  const auto& names = files.PodLogs();
  const auto found = names.find(claim.pod);
  if (found == names.end()) return;
  std::string_view rest = found->second;
  claim.pod_namespace = Cut(rest, '_');
  claim.pod_name = Cut(rest, '_');
  const auto directory = std::string(kPodLogs) + "/" + found->second;
  const auto& containers = files.In(directory);
  if (containers.size() == 1) claim.pod_container = *containers.begin();
  if (claim.source.empty()) claim.source = directory;
}

}  // namespace hullmark::runtime
