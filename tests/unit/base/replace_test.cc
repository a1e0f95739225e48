// SPDX-License-Identifier: Apache-2.0
#include "agent/base/replace.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "agent/base/file.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "tests/unit/temp_tree.h"

namespace hullmark {
namespace {

class ReplaceTest : public testing::Test {
 protected:
  Result<void> Replace(const std::string& text) {
    return ReplaceIn(tree_.Open(), tree_.Path("."), "file", text);
  }
  std::vector<std::string> Files() { return ListDirectory(tree_.Open().get(), ".", 100).value(); }

  TempTree tree_;
};

TEST_F(ReplaceTest, MakesAndReplaces) {
  EXPECT_TRUE(Replace("one"));
  EXPECT_EQ(tree_.Text("file"), "one");
  EXPECT_TRUE(Replace("two"));
  EXPECT_EQ(tree_.Text("file"), "two");
  EXPECT_EQ(Files(), std::vector<std::string>{"file"});
}

TEST_F(ReplaceTest, LeavesAloneWhatIsNoFile) {
  tree_.Write("target", "old");
  tree_.Link("file", "target");
  EXPECT_FALSE(Replace("new"));
  EXPECT_EQ(tree_.Text("target"), "old");
  tree_.Remove("file");
  tree_.MakeFifo("file");
  EXPECT_FALSE(Replace("new"));
  tree_.Remove("file");
  tree_.MakeDirectory("file");
  const auto written = Replace("new");
  ASSERT_FALSE(written);
  EXPECT_NE(written.error().message.find("/file: not a regular file"), std::string::npos);
}

TEST_F(ReplaceTest, ADraftThatWasLeftBehindIsNoObstacle) {
  tree_.Write(".file." + std::to_string(getpid()), "half");
  EXPECT_TRUE(Replace("new"));
  EXPECT_EQ(Files(), std::vector<std::string>{"file"});
}

TEST_F(ReplaceTest, ALinkMustBeOfOnesOwnMaking) {
  tree_.MakeDirectory("place");
  tree_.Link("link", "place");
  EXPECT_TRUE(OpenOwnDirectory(tree_.Path("link"), Uid{geteuid()}));
  EXPECT_TRUE(OpenOwnDirectory(tree_.Path("place"), Uid{54321}));
  if (geteuid() != 0) GTEST_SKIP() << "only root can make a link of another user's";
  ASSERT_EQ(lchown(tree_.Path("link").c_str(), 65534, 65534), 0);
  EXPECT_FALSE(OpenOwnDirectory(tree_.Path("link"), Uid{0}));
  EXPECT_TRUE(OpenOwnDirectory(tree_.Path("link"), Uid{65534})) << "but its owner follows it";
}

TEST_F(ReplaceTest, ADirectoryIsWanted) {
  tree_.Write("file", "");
  EXPECT_EQ(OpenOwnDirectory(tree_.Path("file"), Uid{0}).error().message,
            tree_.Path("file") + ": Not a directory");
  EXPECT_EQ(OpenOwnDirectory(tree_.Path("no"), Uid{0}).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace hullmark
