// SPDX-License-Identifier: Apache-2.0
#include "agent/bpf/refusal.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "hullmark/result.h"

namespace hullmark {
namespace {

const BpfRights kAll = {.bpf = true, .perfmon = true};

std::string Message(int error, const std::string& log, const BpfRights& rights) {
  return WhyRefused(error, log, rights).message;
}

TEST(WhyRefused, NamesTheMissingCapability) {
  EXPECT_EQ(
      Message(EPERM, "", {}),
      "bpf: not permitted: CAP_BPF and CAP_PERFMON are missing (CAP_SYS_ADMIN would do, too)");
  EXPECT_NE(Message(EPERM, "", {.bpf = true}).find("CAP_PERFMON is missing"), std::string::npos);
  EXPECT_NE(Message(EPERM, "", {.perfmon = true}).find("CAP_BPF is missing"), std::string::npos);
  EXPECT_EQ(Message(EPERM, "", {.admin = true}).find("missing"), std::string::npos);
  EXPECT_EQ(WhyRefused(EPERM, "", {}).code, ErrorCode::kDenied);
}

TEST(WhyRefused, NamesTheLockdown) {
  const BpfRights locked = {.bpf = true, .perfmon = true, .lockdown = "confidentiality"};
  const std::string log = "unknown func bpf_probe_read_kernel#113\nprocessed 12 insns\n";
  EXPECT_NE(Message(EINVAL, log, locked).find("locked down"), std::string::npos);
  EXPECT_EQ(WhyRefused(EINVAL, log, locked).code, ErrorCode::kDenied);
  // Integrity forbids writing, not reading.
  const BpfRights integrity = {.bpf = true, .perfmon = true, .lockdown = "integrity"};
  EXPECT_EQ(WhyRefused(EINVAL, log, integrity).code, ErrorCode::kUnsupported);
}

TEST(WhyRefused, SuspectsAFilterWhereNothingIsMissing) {
  const Error error = WhyRefused(EPERM, "", kAll);
  EXPECT_EQ(error.code, ErrorCode::kDenied);
  EXPECT_NE(error.message.find("system call filter"), std::string::npos);
}

TEST(WhyRefused, RepeatsTheLastWordsOfTheVerifier) {
  const Error error = WhyRefused(
      EACCES, "0: R1=ctx()\nR1 type=scalar expected=ptr_\nprocessed 3 insns (limit 1000000)\n",
      kAll);
  EXPECT_EQ(error.code, ErrorCode::kUnsupported);
  EXPECT_NE(error.message.find("(Permission denied: R1 type=scalar expected=ptr_)"),
            std::string::npos);
  EXPECT_NE(Message(ENOSYS, "", kAll).find("(Function not implemented)"), std::string::npos);
}

}  // namespace
}  // namespace hullmark
