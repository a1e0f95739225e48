// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/utsname.h>

#include <cstdio>
#include <utility>

namespace hullmark {

// Whether this kernel calls itself older. For what a distribution may have brought to an older one,
// and a newer one must have.
inline bool IsKernelBefore(unsigned major, unsigned minor) {
  utsname name = {};
  std::pair<unsigned, unsigned> version = {};
  if (uname(&name) != 0) return false;
  const char* const release = static_cast<const char*>(name.release);
  if (std::sscanf(release, "%u.%u", &version.first, &version.second) != 2) return false;
  return version < std::pair(major, minor);
}

}  // namespace hullmark
