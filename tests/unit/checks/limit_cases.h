// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <string_view>

#include "checks/table.h"
#include "hullmark/check.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"
#include "tests/unit/checks/builder.h"
#include "tests/unit/checks/limit_scene.h"
#include "tests/unit/checks/say.h"

namespace hullmark::testing {

// A scene bent in one place, and the verdict that it must get.
struct LimitCase {
  std::string_view name;
  void (*bend)(LimitScene&);
  std::string_view expected;
};

template <std::size_t Size>
void ExpectVerdicts(std::string_view id, const LimitCase (&cases)[Size], const Params& params,
                    CgroupVersion version = CgroupVersion::kV2) {
  for (const LimitCase& each : cases) {
    LimitScene scene(version);
    each.bend(scene);
    EXPECT_EQ(Say(Judge(ResourceChecks(), id, scene, params)), each.expected)
        << id << ": " << each.name;
  }
}

// A limit of the container's own cgroup, or of the one above.
template <typename T>
InForce<T> Own(T value) {
  return {.value = value, .source = LimitScene::kOwn};
}
template <typename T>
InForce<T> Inherited(T value) {
  return {.value = value, .source = LimitScene::kParent};
}
inline InForce<Limit> Unlimited() { return {.value = Limit{}}; }

// What a limit says where its file gives no value: the same for every one of them.
template <typename T>
void ExpectFaults(std::string_view id, InForce<T> LimitsInForce::* limit, const Params& params,
                  std::string_view not_found = "fail") {
  const struct {
    ErrorCode code;
    std::string_view expected;
  } faults[] = {
      {ErrorCode::kNotFound, not_found},  {ErrorCode::kUnsupported, "n/a"},
      {ErrorCode::kDenied, "unknown"},    {ErrorCode::kVantage, "unknown"},
      {ErrorCode::kMalformed, "unknown"}, {ErrorCode::kNotRead, "unknown"},
  };
  for (const auto& [code, expected] : faults) {
    LimitScene scene;
    (scene.limits().*limit).value = Missing(code);
    EXPECT_EQ(Say(Judge(ResourceChecks(), id, scene, params)), expected)
        << id << ": " << NameOf(code);
  }
}

}  // namespace hullmark::testing
