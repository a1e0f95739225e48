// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "hullmark/check.h"

namespace hullmark {

// The families, one file each. A table is a plain constant: nothing registers itself.
std::span<const Check> CapabilityChecks();
std::span<const Check> PrivilegeChecks();
std::span<const Check> SeccompChecks();
std::span<const Check> LsmChecks();
std::span<const Check> NamespaceChecks();
std::span<const Check> UserChecks();
std::span<const Check> ResourceChecks();
std::span<const Check> DeviceChecks();
std::span<const Check> FilesystemChecks();
std::span<const Check> RuntimeChecks();
std::span<const Check> HostChecks();
std::span<const Check> DaemonChecks();

// All of them, in catalogue order.
std::vector<Check> AllChecks();

}  // namespace hullmark
