// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "agent/base/file.h"
#include "agent/enforce/limit_change.h"
#include "hullmark/result.h"

namespace hullmark {

// Who owns cgroups that are scopes of systemd's: limits that are set there outlive a reload of it,
// and end with the scope, see org.freedesktop.systemd1(5). (Those of a service that is started
// again would be in force again, in a cgroup that nobody knows of.) Both functions empty: the host
// has no systemd.
struct UnitLimits {
  struct Unit {
    std::string cgroup{};                               // Its path in each hierarchy; "": none.
    std::map<std::string, std::uint64_t> properties{};  // Numbers; UINT64_MAX for none.
  };

  // "docker-1234.scope". Error: systemd does not answer.
  std::function<Result<Unit>(const std::string& unit)> get{};
  // Until the unit goes. Its cgroup's files are written when it returns.
  std::function<Result<void>(const std::string& unit, const std::string& property,
                             std::uint64_t value)>
      set{};
};

// The same, but whoever has kept us waiting without an answer is not asked for a while: an agent
// has a watchdog. `now`: a steady clock.
UnitLimits AskSparingly(UnitLimits units,
                        std::function<std::chrono::steady_clock::time_point()> now);

// The path of a directory below the mount that it is in: "/kernel" of "/proc/sys/kernel" where
// /proc/sys is a mount. "": it cannot be told.
std::string PathInMount(const std::string& directory);

// Notes in a change the unit whose property it is, where there is one. Error: the cgroup is a
// unit's, and why the file has to be written nevertheless.
Result<void> FindUnit(const UnitLimits& units, LimitChange& change);

// Gives the limit of a change this value, through its unit if it has one; what that leaves to be
// done, and undoes beside, is written. Error: the file does not have it.
Result<void> SetLimit(const UnitLimits& units, const Fd& place, const LimitChange& change,
                      const std::string& value);

// Error: the unit of the change does not know of this value.
Result<void> CheckUnit(const UnitLimits& units, const LimitChange& change,
                       const std::string& value);

}  // namespace hullmark
