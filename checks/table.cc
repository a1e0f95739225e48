// SPDX-License-Identifier: Apache-2.0
#include "checks/table.h"

#include <span>
#include <vector>

#include "hullmark/check.h"

namespace hullmark {

std::vector<Check> AllChecks() {
  const std::span<const Check> families[] = {
      CapabilityChecks(), PrivilegeChecks(), SeccompChecks(),  LsmChecks(),
      NamespaceChecks(),  UserChecks(),      ResourceChecks(), DeviceChecks(),
      FilesystemChecks(), RuntimeChecks(),   HostChecks(),     DaemonChecks(),
  };
  std::vector<Check> all;
  for (const auto family : families) all.insert(all.end(), family.begin(), family.end());
  return all;
}

}  // namespace hullmark
