// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "agent/base/file.h"
#include "agent/enforce/limit_change.h"
#include "hullmark/result.h"

namespace hullmark {

// Who owns cgroups that are units of systemd's: limits that are set there outlive a reload of it,
// see org.freedesktop.systemd1(5). Properties are numbers, UINT64_MAX for none. Both functions
// empty: the host has no systemd.
struct UnitLimits {
  struct Unit {
    std::string name{};       // "docker-1234.scope"
    std::string directory{};  // Of its cgroup, in any hierarchy.
  };

  // Error: the unit has another cgroup, or systemd does not answer.
  std::function<Result<std::uint64_t>(const Unit& unit, const std::string& property)> get{};
  // Until the host goes down or the unit does. Its cgroup's files are written when it returns.
  std::function<Result<void>(const std::string& unit, const std::string& property,
                             std::uint64_t value)>
      set{};
};

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
