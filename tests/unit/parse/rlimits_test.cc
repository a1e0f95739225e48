// SPDX-License-Identifier: Apache-2.0
#include "agent/parse/rlimits.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

#include "hullmark/facts.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr std::string_view kLimits =
    "Limit                     Soft Limit           Hard Limit           Units     \n"
    "Max cpu time              unlimited            unlimited            seconds   \n"
    "Max core file size        0                    unlimited            bytes     \n"
    "Max resident set          unlimited            unlimited            bytes     \n"
    "Max processes             96365                96366                processes \n"
    "Max open files            1024                 524288               files     \n"
    "Max locked memory         8388608              8388609              bytes     \n"
    "Max nice priority         0                    0                    \n"
    "Max realtime priority     0                    99                   \n"
    "Max realtime timeout      unlimited            unlimited            us        \n";

std::string Replaced(std::string_view from, std::string_view to) {
  std::string text(kLimits);
  return text.replace(text.find(from), from.size(), to);
}

TEST(Rlimits, ReadsTheFour) {
  const Rlimits expected{.nofile = {.soft = 1024, .hard = 524288},
                         .nproc = {.soft = 96365, .hard = 96366},
                         .core = {.soft = 0, .hard = std::nullopt},
                         .memlock = {.soft = 8388608, .hard = 8388609}};
  EXPECT_EQ(ParseRlimits(kLimits), expected);
}

TEST(Rlimits, RefusesWhatIsMissingDoubledOrCutOff) {
  for (const std::string& bad :
       {std::string(), std::string(kLimits.substr(0, kLimits.size() - 1)),
        Replaced("Max open files ", "Max open filez "), Replaced("Max open files ", " Max open "),
        Replaced("Max nice priority  ", "Max open files     "), Replaced("524288", "-1    "),
        Replaced("524288               files", ""), Replaced("524288", "many  "),
        Replaced("1024  ", "      "), Replaced("8388608 ", "18446744073709551616 ")}) {
    EXPECT_EQ(ParseRlimits(bad), Missing(ErrorCode::kMalformed)) << bad;
  }
}

}  // namespace
}  // namespace hullmark
