// SPDX-License-Identifier: Apache-2.0
#include "agent/sinks/event_text.h"

#include <gtest/gtest.h>

#include "hullmark/check.h"
#include "hullmark/event.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"
#include "tests/unit/sinks/world.h"

namespace hullmark {
namespace {

TEST(EventTextTest, SaysWhatWhereAndWhy) {
  EXPECT_EQ(EventText(testing::ViolationEvent()),
            "violation_appeared shop/web-0/web (containerd): CAP-001 critical, Process does not "
            "administer the host: CapEff has CAP_SYS_ADMIN");
  EXPECT_EQ(EventText({.kind = EventKind::kViolationChanged,
                       .control = "HST-001",
                       .severity = Severity::kLow,
                       .former_severity = Severity::kHigh}),
            "violation_changed host: HST-001 high -> low");
  EXPECT_EQ(EventText({.kind = EventKind::kGradeChanged,
                       .container_id = "0123456789abcdef",
                       .runtime = Runtime::kDocker,
                       .former_grade = Grade::kB}),
            "grade_changed 0123456789ab (docker): B -> none");
  EXPECT_EQ(EventText({.kind = EventKind::kContainerGone, .container_id = "a", .name = "web"}),
            "container_gone web (unknown)");
}

TEST(EventTextTest, MovesNoTerminal) {
  for (const char byte : EventText(testing::HostileEvent())) {
    EXPECT_TRUE(byte >= ' ' && byte < 0x7F) << static_cast<int>(byte);
  }
}

}  // namespace
}  // namespace hullmark
