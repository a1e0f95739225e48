// SPDX-License-Identifier: Apache-2.0
#include "agent/parse/id_map.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "hullmark/facts.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr std::string_view kRootless =
    "         0       1000          1\n"
    "         1     100000      65536\n";

TEST(IdMap, ReadsExtentsInOrder) {
  EXPECT_EQ(ParseIdMap(kRootless), (IdMap{{.inside = 0, .outside = 1000, .count = 1},
                                          {.inside = 1, .outside = 100000, .count = 65536}}));
}

TEST(IdMap, ReadsTheInitialNamespaceAndTheUnwrittenMap) {
  EXPECT_EQ(ParseIdMap("         0          0 4294967295\n"),
            (IdMap{{.inside = 0, .outside = 0, .count = 4294967295}}));
  EXPECT_EQ(ParseIdMap(""), IdMap{});
}

TEST(IdMap, RefusesEveryOtherForm) {
  for (const std::string_view bad :
       {"\n", "0 0 1", "0 0\n", "0 0 1 2\n", "0 0 0\n", "x 0 1\n", "0 -1 1\n", "0 0 4294967296\n",
        "1 0 4294967295\n", "0 1 4294967295\n", "4294967295 0 1\n",
        // How ids look that the reader's own namespace lacks.
        "0 4294967295 65536\n", "0 0 1\n\n", "0 0 1\n0"}) {
    EXPECT_EQ(ParseIdMap(bad), Missing(ErrorCode::kMalformed)) << bad;
  }
}

TEST(IdMap, HasAtMostTheKernels340Lines) {
  std::string text;
  for (int i = 0; i < 340; ++i) text += std::to_string(i) + " " + std::to_string(i) + " 1\n";
  EXPECT_EQ(ParseIdMap(text)->size(), 340U);
  EXPECT_FALSE(ParseIdMap(text + "340 340 1\n"));
}

}  // namespace
}  // namespace hullmark
