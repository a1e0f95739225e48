// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <ios>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/file.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "tests/unit/temp_tree.h"

namespace hullmark {
namespace {

using Names = std::vector<std::string>;

constexpr std::chrono::seconds kEnough{60};
constexpr std::size_t kCap = 100;

class UntrustedTest : public testing::Test {
 protected:
  Fact<UntrustedFile> Read(const std::string& path, std::size_t cap = kCap) {
    return ReadUntrusted(tree_.Open().get(), path, cap, kEnough);
  }
  // Why a file was not read; nothing when it was.
  std::optional<Fault> Refusal(const std::string& path) {
    const auto file = Read(path);
    return file ? std::nullopt : std::optional(file.error());
  }
  std::optional<bool> RootOnly(const std::string& path) {
    const auto file = Read(path);
    return file ? std::optional(file->root_only) : std::nullopt;
  }
  Fact<Names> List(const std::string& path, std::size_t most = kCap) {
    return ListUntrusted(tree_.Open().get(), path, most, kEnough);
  }

  TempTree tree_;
};

TEST_F(UntrustedTest, ReadsARegularFileBelowTheRoot) {
  tree_.Write("var/lib/state.json", "{}");
  for (const char* const path :
       {"/var/lib/state.json", "var/lib/state.json", "//var//lib/state.json"}) {
    const auto file = Read(path);
    ASSERT_TRUE(file) << path;
    EXPECT_EQ(file->text, "{}");
    EXPECT_EQ(file->owner, Uid{geteuid()});
  }
  EXPECT_EQ(Refusal("/var/lib/absent"), (Fault{ErrorCode::kNotFound, ENOENT}));
}

TEST_F(UntrustedTest, IsBounded) {
  tree_.Write("file", std::string(10, 'x'));
  EXPECT_EQ(Read("/file", 10)->text, std::string(10, 'x'));
  EXPECT_EQ(Read("/file", 9).error(), Fault{ErrorCode::kTruncated});
  tree_.Write("file", "");
  EXPECT_EQ(Read("/file", 0)->text, "");
}

TEST_F(UntrustedTest, FollowsNoLink) {
  tree_.Write("real/file", "secret");
  tree_.Link("link", "real/file");
  tree_.Link("directory", "real");
  tree_.Link("absolute", tree_.Path("real/file"));
  for (const char* const path : {"/link", "/directory/file", "/absolute"}) {
    EXPECT_EQ(Refusal(path), (Fault{ErrorCode::kIo, ELOOP})) << path;
  }
  EXPECT_EQ(List("/directory").error(), (Fault{ErrorCode::kNotFound, ENOTDIR}));
}

TEST_F(UntrustedTest, DoesNotLeaveTheRoot) {
  tree_.Write("outside", "secret");
  tree_.MakeDirectory("root");
  const Fd root = tree_.Open("root");
  EXPECT_EQ(ReadUntrusted(root.get(), "/../outside", kCap, kEnough).error(),
            (Fault{ErrorCode::kIo, EXDEV}));
  EXPECT_EQ(ListUntrusted(root.get(), "/..", kCap, kEnough).error(),
            (Fault{ErrorCode::kIo, EXDEV}));
}

TEST_F(UntrustedTest, WaitsForNoWriterOfAFifo) {
  tree_.MakeFifo("fifo");
  EXPECT_EQ(Refusal("/fifo"), Fault{ErrorCode::kMalformed});
  const Fd writer(open(tree_.Path("fifo").c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(write(writer.get(), "x", 1), 1);
  EXPECT_EQ(Refusal("/fifo"), Fault{ErrorCode::kMalformed});
}

TEST_F(UntrustedTest, ADirectoryIsNoFile) {
  tree_.MakeDirectory("directory");
  for (const char* const path : {"/directory", "/", ""}) {
    EXPECT_EQ(Refusal(path), Fault{ErrorCode::kMalformed}) << path;
  }
}

TEST_F(UntrustedTest, ADeviceIsNoFile) {
  const Fd root(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  EXPECT_EQ(ReadUntrusted(root.get(), "/dev/zero", kCap, kEnough).error(),
            Fault{ErrorCode::kMalformed});
}

TEST_F(UntrustedTest, ListsADirectory) {
  tree_.Write("pods/b", "");
  tree_.Write("pods/a", "");
  EXPECT_EQ(List("/pods"), (Names{"a", "b"}));
  EXPECT_EQ(List("/pods", 2), (Names{"a", "b"}));
  EXPECT_EQ(List("/pods", 1).error(), Fault{ErrorCode::kTruncated});
  EXPECT_EQ(List("/pods/a").error(), (Fault{ErrorCode::kNotFound, ENOTDIR}));
  EXPECT_EQ(List("/"), (Names{"pods"}));
  tree_.MakeFifo("fifo");
  EXPECT_EQ(List("/fifo").error(), (Fault{ErrorCode::kNotFound, ENOTDIR}));
}

TEST_F(UntrustedTest, NoRootIsAFault) {
  EXPECT_EQ(ReadUntrusted(-1, "/file", kCap, kEnough).error(), (Fault{ErrorCode::kIo, EBADF}));
  EXPECT_EQ(ListUntrusted(-1, "/", kCap, kEnough).error(), (Fault{ErrorCode::kIo, EBADF}));
}

class OwnershipTest : public UntrustedTest {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs files of two owners";
    tree_.Write("a/b/file", "{}");
    for (const char* const path : {"a", "a/b"}) Mode(path, 0755);
    Mode("a/b/file", 0644);
  }
  void Mode(const char* path, mode_t mode) { ASSERT_EQ(chmod(tree_.Path(path).c_str(), mode), 0); }
  void Owner(const char* path, uid_t uid) { ASSERT_EQ(chown(tree_.Path(path).c_str(), uid, 0), 0); }
};

TEST_F(OwnershipTest, WhatRootAloneWritesIsRootsWord) {
  EXPECT_EQ(RootOnly("/a/b/file"), true);
  Mode("a/b", 0700);
  EXPECT_EQ(RootOnly("/a/b/file"), true);
}

TEST_F(OwnershipTest, AUsersFileIsNot) {
  Owner("a/b/file", 1000);
  const auto file = Read("/a/b/file");
  ASSERT_TRUE(file);
  EXPECT_FALSE(file->root_only);
  EXPECT_EQ(file->owner, Uid{1000});
}

TEST_F(OwnershipTest, WhatOthersMayWriteIsNot) {
  for (const mode_t mode : {0666U, 0664U, 0646U, 01666U}) {
    Mode("a/b/file", mode);
    EXPECT_EQ(RootOnly("/a/b/file"), false) << std::oct << mode;
  }
}

TEST_F(OwnershipTest, EveryDirectoryAboveCounts) {
  for (const char* const path : {".", "a", "a/b"}) {
    for (const mode_t mode : {0777U, 0775U, 0757U}) {
      Mode(path, mode);
      EXPECT_EQ(RootOnly("/a/b/file"), false) << path << " " << std::oct << mode;
    }
    // Nobody renames or removes what is root's in a sticky directory, as /tmp is.
    Mode(path, 01777);
    EXPECT_EQ(RootOnly("/a/b/file"), true) << path;
    Mode(path, 0755);
    Owner(path, 1000);
    EXPECT_EQ(RootOnly("/a/b/file"), false) << path;
    Owner(path, 0);
  }
}

// A file system whose server never answers: every look at it hangs.
class HangTest : public UntrustedTest {
 protected:
  void SetUp() override {
    // A mount namespace of this thread's own: nobody else meets the hanging directory.
    if (unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
      GTEST_SKIP() << "needs CAP_SYS_ADMIN to mount a file system that hangs";
    }
    server_ = Fd(open("/dev/fuse", O_RDWR | O_CLOEXEC));
    tree_.MakeDirectory("hung");
    const std::string options =
        "fd=" + std::to_string(server_.get()) + ",rootmode=40000,user_id=0,group_id=0";
    if (!server_ ||
        mount("none", tree_.Path("hung").c_str(), "fuse", MS_NODEV, options.c_str()) != 0) {
      GTEST_SKIP() << "needs FUSE";
    }
    mounted_ = true;
  }
  void TearDown() override {
    server_ = Fd();  // Ends the waits: their threads get ENOTCONN.
    if (mounted_) umount2(tree_.Path("hung").c_str(), MNT_DETACH);
  }

  Fd server_;
  bool mounted_ = false;
};

TEST_F(HangTest, AServerThatHangsCostsTheDeadlineOnly) {
  constexpr std::chrono::milliseconds kDeadline{20};
  const Fd root = tree_.Open();
  EXPECT_EQ(ReadUntrusted(root.get(), "/hung/file", kCap, kDeadline).error(),
            (Fault{ErrorCode::kIo, ETIMEDOUT}));
  EXPECT_EQ(ListUntrusted(root.get(), "/hung", kCap, kDeadline).error(),
            (Fault{ErrorCode::kIo, ETIMEDOUT}));
  tree_.Write("file", "{}");
  EXPECT_EQ(ReadUntrusted(root.get(), "/file", kCap, kEnough)->text, "{}");
}

}  // namespace
}  // namespace hullmark
