// SPDX-License-Identifier: Apache-2.0
#include "agent/sinks/filter_sinks.h"

#include <gtest/gtest.h>
#include <linux/seccomp.h>

#include <functional>
#include <string>
#include <string_view>

#include "agent/encode/json_writer.h"
#include "hullmark/filter_report.h"
#include "hullmark/seccomp_profile.h"
#include "hullmark/syscalls.h"
#include "tests/unit/sinks/filter_scene.h"

namespace hullmark::testing {
namespace {

std::string Written(const std::function<void(const ByteSink&)>& write) {
  std::string text;
  write([&](std::string_view piece) { text += piece; });
  return text;
}

std::string Text(const FilterReport& report) {
  return Written([&](const ByteSink& sink) { WriteFilterText(report, 80, sink); });
}

TEST(OciProfile, IsWhatRuntimesRead) {
  using Operator = ProfileArgument::Operator;
  const SeccompProfile profile = {
      .default_answer = SECCOMP_RET_ERRNO | 1,
      .abis = {Abi::kX86_64, Abi::kI386},
      .entries = {{.rule = {.answer = SECCOMP_RET_ALLOW}, .calls = {"read", "write"}},
                  {.rule = {.answer = SECCOMP_RET_ALLOW,
                            .when = {{.is = Operator::kMaskedEqual, .mask = 0x7e020000, .value = 0},
                                     {.index = 2, .is = Operator::kNotEqual, .value = 40}}},
                   .calls = {"clone"}}}};
  EXPECT_EQ(Written([&](const ByteSink& sink) { WriteOciProfile(profile, sink); }), R"({
  "defaultAction": "SCMP_ACT_ERRNO",
  "defaultErrnoRet": 1,
  "architectures": [
    "SCMP_ARCH_X86_64",
    "SCMP_ARCH_X86"
  ],
  "syscalls": [
    {
      "names": [
        "read",
        "write"
      ],
      "action": "SCMP_ACT_ALLOW"
    },
    {
      "names": [
        "clone"
      ],
      "action": "SCMP_ACT_ALLOW",
      "args": [
        {
          "index": 0,
          "value": 2114060288,
          "valueTwo": 0,
          "op": "SCMP_CMP_MASKED_EQ"
        },
        {
          "index": 2,
          "value": 40,
          "op": "SCMP_CMP_NE"
        }
      ]
    }
  ]
}
)");
}

TEST(FilterText, TellsWhatBecomesOfCalls) {
  const std::string text = Text(FilterScene());
  for (const char* const part :
       {"web\n", "Tasks 42 42/43: 2 filters of 12, 7 instructions; the kernel's own notes tell the",
        "allow 1         read\n", "errno 1 2       chmod mount\n",
        "clone           allow where arg0 = 0x1, or arg0 = 0x2; else errno 1\n",
        "i386            kill_thread for every call\n", "permits more    nothing\n",
        "fail            SCP-004 No call is left open\n", "chmod denied, fchmod permitted\n",
        "Tasks 50: unknown: the filters: permission denied\n",
        "1 tasks without any filter: they may call everything.\n"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
  }
}

TEST(FilterText, IsPrintable) {
  FilterReport report = FilterScene();
  report.name = "a\x1b[2Jb";
  EXPECT_NE(Text(report).find("a\\x1b[2Jb\n"), std::string::npos) << Text(report);
}

}  // namespace
}  // namespace hullmark::testing
