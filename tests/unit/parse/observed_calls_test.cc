// SPDX-License-Identifier: Apache-2.0
#include "agent/parse/observed_calls.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>

#include "hullmark/result.h"

namespace hullmark {
namespace {

using Names = std::set<std::string_view>;

std::string Complaint(std::string_view text) {
  const auto calls = ParseObservedCalls(text);
  return calls ? "" : calls.error().message;
}

TEST(ParseObservedCalls, ReadsTheSummaryOfStrace) {
  const auto calls = ParseObservedCalls(
      "% time     seconds  usecs/call     calls    errors syscall\n"
      "------ ----------- ----------- --------- --------- ----------------\n"
      " 99.00    0.000320          20        16         3 openat\n"
      "  1,00    0.000003           3         1           read\n"
      "------ ----------- ----------- --------- --------- ----------------\n"
      "100.00    0.000323          19        17         3 total\n");
  ASSERT_TRUE(calls) << calls.error().message;
  EXPECT_EQ(*calls, (Names{"openat", "read"}));
}

TEST(ParseObservedCalls, ReadsTheSummaryOfAureport) {
  const auto calls = ParseObservedCalls(
      "\nSyscall Summary Report\n==========================\ntotal  syscall\n"
      "==========================\n8804  write(1)\n12  connect\n");
  ASSERT_TRUE(calls) << calls.error().message;
  EXPECT_EQ(*calls, (Names{"connect", "write"}));
}

TEST(ParseObservedCalls, ReadsRecordsOfAudit) {
  const auto calls = ParseObservedCalls(
      "type=SECCOMP msg=audit(1.2:3): auid=0 pid=7 sig=0 arch=c000003e syscall=59 compat=0 ip=0x7f "
      "code=0x7ffc0000\n"
      "type=SYSCALL msg=audit(1.2:4): arch=40000003 syscall=5 success=yes exit=3\n"
      "type=CWD msg=audit(1.2:4): cwd=\"/\"\n");
  ASSERT_TRUE(calls) << calls.error().message;
  EXPECT_EQ(*calls, (Names{"execve", "open"}));
}

TEST(ParseObservedCalls, NamesTheLineThatTellsOfNoCall) {
  EXPECT_EQ(Complaint("1 read\n2 raed\n"), "2: 'raed' is no system call");
  EXPECT_EQ(Complaint("type=SECCOMP a: arch=c000003e syscall=4000 compat=0\n"),
            "1: no call has that number there");
  EXPECT_EQ(Complaint("type=SECCOMP a: arch=dead syscall=1\n"), "1: no call has that number there");
  EXPECT_EQ(Complaint("type=SECCOMP a: arch=zz syscall=1\n"), "1: no call has that number there");
}

TEST(ParseObservedCalls, NeedsOne) {
  for (const char* const text : {"", "\n\n", "read\n", "no list at all", "7 12 13\n"}) {
    EXPECT_EQ(Complaint(text), "not one system call is named in it") << text;
  }
}

}  // namespace
}  // namespace hullmark
