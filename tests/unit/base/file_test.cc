// SPDX-License-Identifier: Apache-2.0
#include "agent/base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "tests/unit/temp_tree.h"

namespace hullmark {
namespace {

constexpr std::size_t kFirst = std::size_t{16} << 10;  // What a buffer begins with.

// Bytes that differ from place to place, so that a piece in the wrong place shows.
std::string Pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t at = 0; at < size; ++at) text[at] = static_cast<char>(at * 31 + at / 256);
  return text;
}

bool IsOpen(int fd) { return fcntl(fd, F_GETFD) != -1; }

TEST(FdTest, ClosesWhatItOwnsOnce) {
  int number = -1;
  {
    Fd first(open("/", O_RDONLY | O_CLOEXEC));
    number = first.get();
    const Fd second(std::move(first));
    EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): what a move leaves is the subject.
    EXPECT_EQ(second.get(), number);
    EXPECT_TRUE(IsOpen(number));
  }
  EXPECT_FALSE(IsOpen(number));
}

TEST(FdTest, AssignmentClosesTheOldOne) {
  Fd kept(open("/", O_RDONLY | O_CLOEXEC));
  const int old = kept.get();
  kept = Fd(open("/", O_RDONLY | O_CLOEXEC));
  EXPECT_FALSE(IsOpen(old));
  EXPECT_TRUE(kept);
}

TEST(ReadBufferTest, ReadsTheWholeOfAFileOfAnySizeToTheCap) {
  constexpr std::size_t kCap = kFirst * 4 + 1;
  const TempTree tree;
  const Fd directory = tree.Open();
  ReadBuffer buffer(kCap);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kFirst - 1, kFirst, kFirst + 1,
                                 kFirst * 3, kCap - 1, kCap}) {
    tree.Write("file", Pattern(size));
    bool truncated = true;
    EXPECT_TRUE(buffer.ReadUpTo(directory.get(), "file", truncated) == Pattern(size)) << size;
    EXPECT_FALSE(truncated) << size;
    EXPECT_TRUE(buffer.Read(directory.get(), "file") == Pattern(size)) << size;
  }
  tree.Write("file", "short");
  EXPECT_EQ(buffer.Read(directory.get(), "file"), "short") << "after a longer one";
}

TEST(ReadBufferTest, SaysSoPastTheCap) {
  const TempTree tree;
  const Fd directory = tree.Open();
  for (const std::size_t cap : {std::size_t{100}, kFirst, kFirst * 2 + 7}) {
    ReadBuffer buffer(cap);
    tree.Write("file", Pattern(cap + 1));
    EXPECT_EQ(buffer.Read(directory.get(), "file"), Missing(ErrorCode::kTruncated)) << cap;
    bool truncated = false;
    EXPECT_TRUE(buffer.ReadUpTo(directory.get(), "file", truncated) == Pattern(cap)) << cap;
    EXPECT_TRUE(truncated) << cap;
    tree.Write("file", Pattern(cap));
    EXPECT_TRUE(buffer.Read(directory.get(), "file")) << cap;
  }
}

TEST(ReadBufferTest, FaultsKeepTheirErrno) {
  const TempTree tree;
  const Fd directory = tree.Open();
  tree.MakeDirectory("directory");
  tree.Write("file", "");
  ReadBuffer buffer(100);
  EXPECT_EQ(buffer.Read(directory.get(), "absent"), Missing(ErrorCode::kNotFound, ENOENT));
  EXPECT_EQ(buffer.Read(directory.get(), "file/x"), Missing(ErrorCode::kNotFound, ENOTDIR));
  EXPECT_EQ(buffer.Read(directory.get(), "directory"), Missing(ErrorCode::kIo, EISDIR));
  EXPECT_EQ(buffer.Read(-1, "file"), Missing(ErrorCode::kIo, EBADF));
}

TEST(ReadBufferTest, WaitsForNobody) {
  const TempTree tree;
  tree.MakeFifo("fifo");
  ReadBuffer buffer(100);
  EXPECT_EQ(buffer.Read(tree.Open().get(), "fifo"), "");
}

TEST(ReadBufferTest, ReadsLinksAsTheyStand) {
  const TempTree tree;
  const Fd directory = tree.Open();
  ReadBuffer buffer(kFirst);
  tree.Link("link", "net:[4026531833]");
  EXPECT_EQ(buffer.ReadLink(directory.get(), "link"), "net:[4026531833]");
  EXPECT_EQ(buffer.ReadLink(directory.get(), "absent"), Missing(ErrorCode::kNotFound, ENOENT));
  tree.Write("file", "");
  EXPECT_EQ(buffer.ReadLink(directory.get(), "file"), Missing(ErrorCode::kUnsupported, EINVAL));
}

TEST(ReadBufferTest, ALinkThatFillsTheBufferIsNotTheWhole) {
  const TempTree tree;
  const Fd directory = tree.Open();
  ReadBuffer buffer(99);
  tree.Link("link", std::string(99, 'x'));
  EXPECT_EQ(buffer.ReadLink(directory.get(), "link"), std::string(99, 'x'));
  tree.Link("link", std::string(100, 'x'));
  EXPECT_EQ(buffer.ReadLink(directory.get(), "link"), Missing(ErrorCode::kTruncated));
}

TEST(OpenDirectoryTest, OpensDirectoriesOnly) {
  const TempTree tree;
  tree.Write("directory/file", "");
  tree.MakeFifo("fifo");
  const Fd top = tree.Open();
  const auto opened = OpenDirectory(top.get(), "directory");
  ASSERT_TRUE(opened);
  EXPECT_EQ(faccessat(opened->get(), "file", F_OK, 0), 0);
  EXPECT_EQ(fcntl(opened->get(), F_GETFD), FD_CLOEXEC);
  const auto code_of = [&](const char* path) {
    const auto refused = OpenDirectory(top.get(), path);
    return refused ? Fault{} : refused.error();
  };
  EXPECT_EQ(code_of("directory/file"), (Fault{ErrorCode::kNotFound, ENOTDIR}));
  EXPECT_EQ(code_of("fifo"), (Fault{ErrorCode::kNotFound, ENOTDIR}));
  EXPECT_EQ(code_of("absent"), (Fault{ErrorCode::kNotFound, ENOENT}));
}

TEST(ListDirectoryTest, NamesAreSortedAndBounded) {
  const TempTree tree;
  for (const char* const name : {"b", "a", ".hidden", "c"}) tree.Write(name, "");
  const Fd top = tree.Open();
  const std::vector<std::string> all = {".hidden", "a", "b", "c"};
  EXPECT_EQ(ListDirectory(top.get(), ".", 100), all);
  EXPECT_EQ(ListDirectory(top.get(), ".", 4), all);
  EXPECT_EQ(ListDirectory(top.get(), ".", 3), Missing(ErrorCode::kTruncated));
  EXPECT_EQ(ListDirectory(top.get(), ".", 0), Missing(ErrorCode::kTruncated));
  EXPECT_EQ(ListDirectory(top.get(), "a", 9), Missing(ErrorCode::kNotFound, ENOTDIR));
  tree.MakeDirectory("empty");
  EXPECT_EQ(ListDirectory(top.get(), "empty", 0), std::vector<std::string>());
}

TEST(StatusOfTest, TellsAFileAsItIs) {
  const TempTree tree;
  const Fd top = tree.Open();
  tree.Write("file", "text");
  chmod(tree.Path("file").c_str(), 0640);
  ASSERT_EQ(link(tree.Path("file").c_str(), tree.Path("other").c_str()), 0);
  tree.Link("link", "file");
  struct stat expected = {};
  ASSERT_EQ(stat(tree.Path("file").c_str(), &expected), 0);
  const auto file = StatusOf(top.get(), "file", Follow::kNo);
  ASSERT_TRUE(file);
  EXPECT_EQ(file->inode, expected.st_ino);
  EXPECT_EQ(file->links, 2U);
  EXPECT_EQ(file->mode, S_IFREG | 0640U);
  EXPECT_EQ(file->uid, Uid{geteuid()});
  EXPECT_EQ(file->gid, Gid{expected.st_gid});
  EXPECT_EQ(file->device,
            (DeviceNumber{.major = major(expected.st_dev), .minor = minor(expected.st_dev)}));
  EXPECT_TRUE(S_ISLNK(StatusOf(top.get(), "link", Follow::kNo)->mode));
  EXPECT_EQ(StatusOf(top.get(), "link", Follow::kYes)->inode, expected.st_ino);
  EXPECT_TRUE(S_ISDIR(StatusOf(top.get(), "", Follow::kNo)->mode));
  const auto absent = StatusOf(top.get(), "absent", Follow::kNo);
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error(), (Fault{ErrorCode::kNotFound, ENOENT}));
}

TEST(StatusOfTest, TellsADeviceAndItsMount) {
  const auto null = StatusOf(AT_FDCWD, "/dev/null", Follow::kNo);
  ASSERT_TRUE(null);
  EXPECT_EQ(null->special, (DeviceNumber{.major = 1, .minor = 3}));
  const auto proc = StatusOf(AT_FDCWD, "/proc", Follow::kNo);
  ASSERT_TRUE(proc);
  if (!proc->has_mount_id) GTEST_SKIP() << "statx(2) tells mounts since 5.8";
  EXPECT_EQ(proc->mount_id, StatusOf(AT_FDCWD, "/proc/version", Follow::kNo)->mount_id);
  EXPECT_NE(proc->mount_id, StatusOf(AT_FDCWD, "/", Follow::kNo)->mount_id);
}

TEST(FileSystemOfTest, KnowsKernelFileSystems) {
  const auto kind_of = [](const char* path) {
    return FileSystemOf(Fd(open(path, O_RDONLY | O_CLOEXEC)).get());
  };
  EXPECT_EQ(kind_of("/proc"), FileSystemKind::kProc);
  EXPECT_EQ(kind_of("/proc/self/fd"), FileSystemKind::kProc);
  EXPECT_EQ(kind_of("/sys"), FileSystemKind::kSysfs);
  EXPECT_EQ(kind_of("/absent"), Missing(ErrorCode::kIo, EBADF));
}

}  // namespace
}  // namespace hullmark
