// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "hullmark/caps.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/report.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// Values as all documents print them.

// UTC to the millisecond: "2026-01-31T08:15:00.000Z".
std::string ToRfc3339(Timestamp time);

// The end of something that ends before `end`, in UTC: the day "2026-12-31" where that is over by
// then, else "2026-12-31 12:00 UTC".
std::string EndText(Timestamp end);

// "6", "12.5", "0.125": thousandths of a point, exact.
std::string PointsText(MilliPoints points);

// "512 MiB" where that is exact, else bytes with a unit and one decimal.
std::string BytesText(std::uint64_t bytes);

// The names of the capabilities in a set, in order; bits without one as "bit 45".
std::vector<std::string> NamesOf(CapSet caps);

// When the init of a container started; nullopt where that or the boot time is not known.
std::optional<Timestamp> StartOf(const Snapshot& snapshot, const Container& container);

// What people call a container: its name, else the first 12 characters of its id.
std::string_view CallName(const Snapshot& snapshot, const Container& container);

// A limit of a container. monostate: nothing limits it; a Fault: unknown.
struct LimitRow {
  using Value = std::variant<std::monostate, Fault, std::uint64_t, double, bool, std::string_view,
                             const std::vector<IoLimit>*>;
  std::string_view name;  // "memory"
  std::string_view unit;  // "bytes", "CPUs" or "".
  Value value;
  std::string source;   // Path of the file that binds; "" when none does.
  bool ceiling = true;  // Where it is absent, all that the host has may be taken.
};

// In the order in which documents list them. Those that only one version of cgroups has are listed
// where they have a value.
std::vector<LimitRow> LimitsOf(const Snapshot& snapshot, const Container& container);

}  // namespace hullmark
