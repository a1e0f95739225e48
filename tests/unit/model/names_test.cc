// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "hullmark/check.h"
#include "hullmark/event.h"
#include "hullmark/limits.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

// Every enumerator up to `last` has a name of its own.
template <typename Enum>
void ExpectDistinct(Enum last) {
  std::set<std::string_view> names;
  for (int at = 0; at <= std::to_underlying(last); ++at) {
    const auto name = NameOf(static_cast<Enum>(at));
    EXPECT_FALSE(name.empty()) << at;
    EXPECT_TRUE(names.insert(name).second) << name;
  }
}

// And is found by it, and by nothing else.
template <typename Enum, typename OfName>
void ExpectInverse(Enum last, OfName of_name) {
  ExpectDistinct(last);
  for (int at = 0; at <= std::to_underlying(last); ++at) {
    EXPECT_EQ(of_name(NameOf(static_cast<Enum>(at))), static_cast<Enum>(at)) << at;
  }
  EXPECT_EQ(of_name(""), std::nullopt);
  EXPECT_EQ(of_name("neither"), std::nullopt);
}

TEST(NamesTest, AreDistinctAndInverse) {
  ExpectInverse(Runtime::kEcs, RuntimeOfName);
  ExpectInverse(ContainerClass::kVm, ContainerClassOfName);
  ExpectInverse(Severity::kCritical, SeverityOfName);
  ExpectDistinct(CgroupLayout::kHybrid);
  ExpectDistinct(Controller::kDevices);
  ExpectDistinct(Scope::kHost);
  ExpectDistinct(Status::kManual);
  ExpectInverse(Grade::kF, GradeOfName);
  ExpectDistinct(EventKind::kGradeChanged);
}

TEST(NamesTest, StandBesideTheirEnumerators) {
  EXPECT_EQ(NameOf(Runtime::kUnknown), "unknown");
  EXPECT_EQ(NameOf(Runtime::kCrio), "cri-o");
  EXPECT_EQ(NameOf(Runtime::kSystemd), "systemd");
  EXPECT_EQ(NameOf(Runtime::kKata), "kata");
  EXPECT_EQ(NameOf(Runtime::kEcs), "ecs");
  EXPECT_EQ(NameOf(ContainerClass::kPause), "pause");
  EXPECT_EQ(NameOf(ContainerClass::kService), "service");
  EXPECT_EQ(NameOf(CgroupLayout::kV2), "v2");
  EXPECT_EQ(NameOf(Controller::kCpuset), "cpuset");
  EXPECT_EQ(NameOf(Severity::kInfo), "info");
  EXPECT_EQ(NameOf(Severity::kCritical), "critical");
  EXPECT_EQ(NameOf(Scope::kContainer), "container");
  EXPECT_EQ(NameOf(Status::kNotApplicable), "not_applicable");
  EXPECT_EQ(NameOf(Status::kManual), "manual");
  EXPECT_EQ(NameOf(Grade::kF), "F");
  EXPECT_EQ(NameOf(EventKind::kContainerGone), "container_gone");
  EXPECT_EQ(NameOf(EventKind::kViolationChanged), "violation_changed");
  EXPECT_EQ(NameOf(EventKind::kGradeChanged), "grade_changed");
}

}  // namespace
}  // namespace hullmark
