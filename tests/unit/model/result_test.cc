// SPDX-License-Identifier: Apache-2.0
#include "hullmark/result.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>
#include <string_view>
#include <utility>

namespace hullmark {
namespace {

TEST(ResultTest, ErrnoHasACode) {
  const std::pair<int, ErrorCode> cases[] = {{ENOENT, ErrorCode::kNotFound},
                                             {ENOTDIR, ErrorCode::kNotFound},
                                             {EACCES, ErrorCode::kDenied},
                                             {EPERM, ErrorCode::kDenied},
                                             {ESRCH, ErrorCode::kVanished},
                                             {EINVAL, ErrorCode::kUnsupported},
                                             {ENOSYS, ErrorCode::kUnsupported},
                                             {EOPNOTSUPP, ErrorCode::kUnsupported},
                                             {EIO, ErrorCode::kIo},
                                             {EMFILE, ErrorCode::kIo},
                                             {ELOOP, ErrorCode::kIo},
                                             {0, ErrorCode::kIo},
                                             {-1, ErrorCode::kIo}};
  for (const auto& [number, code] : cases) EXPECT_EQ(CodeOfErrno(number), code) << number;
}

TEST(ResultTest, EveryCodeHasWordsOfItsOwn) {
  std::set<std::string_view> words;
  for (int at = 0; at <= std::to_underlying(ErrorCode::kNotRead); ++at) {
    const auto name = NameOf(static_cast<ErrorCode>(at));
    EXPECT_FALSE(name.empty()) << at;
    EXPECT_TRUE(words.insert(name).second) << name;
  }
  EXPECT_EQ(NameOf(ErrorCode::kDenied), "permission denied");
}

TEST(ResultTest, AMissingFactKeepsItsErrno) {
  const Fact<int> fact = Missing(ErrorCode::kDenied, EACCES);
  ASSERT_FALSE(fact);
  EXPECT_EQ(fact.error(), (Fault{.code = ErrorCode::kDenied, .error_number = EACCES}));
  EXPECT_NE(fact.error(), Fault{.code = ErrorCode::kDenied});
  EXPECT_EQ(Fault{}.code, ErrorCode::kNotRead) << "nobody looked";
}

// Reading an error as a value must end the program, in every build type.
TEST(ResultDeathTest, AnErrorIsNoValue) {
  const Fact<int> fact = Missing(ErrorCode::kDenied);
  EXPECT_DEATH((void)*fact, "");
}

}  // namespace
}  // namespace hullmark
