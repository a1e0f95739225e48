// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/claims.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/file.h"
#include "agent/collect/collect.h"
#include "agent/runtime/attribute.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/collect/world.h"

namespace hullmark {
namespace {

using namespace std::string_view_literals;
using Words = std::vector<std::string>;

class ClaimReaderTest : public testing::Test {
 protected:
  Fault Refusal(std::string_view path) {
    const auto file = reader_.read(path);
    EXPECT_FALSE(file) << path;
    return file ? Fault{} : file.error();
  }

  CollectWorld world_;
  Roots roots_ = world_.OpenAll();
  ReadBuffer buffer_{1 << 20};
  HostReader reader_ = MakeHostReader(roots_, buffer_);
};

TEST_F(ClaimReaderTest, ReadsAFileOfTheHostWithItsOwner) {
  world_.tree.Write("host/var/lib/state.json", "{}");
  const auto file = reader_.read("/var/lib/state.json");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->text, "{}");
  EXPECT_EQ(file->owner, Uid{geteuid()});
  if (geteuid() == 0) {
    EXPECT_EQ(file->trust, Trust::kRoot);
  }
  ASSERT_EQ(chmod(world_.tree.Path("host/var/lib/state.json").c_str(), 0666), 0);
  EXPECT_EQ(reader_.read("/var/lib/state.json")->trust, Trust::kUser);
}

TEST_F(ClaimReaderTest, RefusesWhatAUserCouldHaveMade) {
  world_.tree.Write("secret", "s");
  world_.tree.Link("host/link", "file");
  world_.tree.Write("host/file", "{}");
  world_.tree.Link("host/directory", ".");
  world_.tree.MakeFifo("host/fifo");
  world_.tree.MakeDirectory("host/place");
  EXPECT_EQ(Refusal("/link"), (Fault{ErrorCode::kIo, ELOOP}));
  EXPECT_EQ(Refusal("/directory/file"), (Fault{ErrorCode::kIo, ELOOP}));
  EXPECT_EQ(Refusal("/fifo"), Fault{ErrorCode::kMalformed});
  EXPECT_EQ(Refusal("/place"), Fault{ErrorCode::kMalformed});
  EXPECT_EQ(Refusal("/../secret"), (Fault{ErrorCode::kIo, EXDEV}));
  EXPECT_EQ(Refusal("/absent"), (Fault{ErrorCode::kNotFound, ENOENT}));
  EXPECT_FALSE(reader_.list("/directory"));
}

TEST_F(ClaimReaderTest, TellsOneStateOfAFileFromAnother) {
  world_.tree.Write("host/file", "{}");
  const auto first = reader_.identify("/file");
  ASSERT_TRUE(first);
  EXPECT_EQ(reader_.identify("/file"), first);
  EXPECT_EQ(first->size, 2U);
  world_.tree.Write("host/file", "{ }");
  EXPECT_NE(reader_.identify("/file"), first);
  world_.tree.Write("host/other", "[]");
  ASSERT_EQ(rename(world_.tree.Path("host/other").c_str(), world_.tree.Path("host/file").c_str()),
            0);
  EXPECT_NE(reader_.identify("/file")->inode, first->inode);
  world_.tree.Link("host/link", "file");
  world_.tree.MakeDirectory("host/place");
  EXPECT_FALSE(reader_.identify("/link"));
  EXPECT_EQ(reader_.identify("/place").error(), Fault{ErrorCode::kMalformed});
  EXPECT_EQ(reader_.identify("/absent").error(), (Fault{ErrorCode::kNotFound, ENOENT}));
}

TEST_F(ClaimReaderTest, IsBounded) {
  constexpr std::size_t kMost = std::size_t{1} << 20;
  world_.tree.Write("host/file", std::string(kMost, ' '));
  EXPECT_TRUE(reader_.read("/file"));
  world_.tree.Write("host/file", std::string(kMost + 1, ' '));
  EXPECT_EQ(Refusal("/file"), Fault{ErrorCode::kTruncated});
}

TEST_F(ClaimReaderTest, ListsSorted) {
  world_.tree.Write("host/pods/b", "");
  world_.tree.Write("host/pods/a", "");
  EXPECT_EQ(reader_.list("/pods"), (Words{"a", "b"}));
}

TEST_F(ClaimReaderTest, WithoutTheHostsFilesNothingIsClaimed) {
  roots_.host = Fd();
  EXPECT_EQ(Refusal("/file"), Fault{ErrorCode::kVantage});
  EXPECT_EQ(reader_.list("/").error(), Fault{ErrorCode::kVantage});
  EXPECT_EQ(reader_.home(Uid{0}).error(), Fault{ErrorCode::kVantage});
}

// A process as it was read: number and start.
Process Numbered(int pid, std::uint64_t start = 7) {
  Process process;
  process.pid = Pid{pid};
  process.stat.start = BootTicks{start};
  return process;
}

TEST_F(ClaimReaderTest, AnotherProcessOfTheSameNumberIsNotAsked) {
  world_.AddProcess("42", {.pid = 42, .start = 8});
  world_.tree.Write("proc/42/cmdline", "other\0"sv);
  EXPECT_EQ(reader_.arguments(Numbered(42)).error().code, ErrorCode::kVanished);
}

TEST_F(ClaimReaderTest, ArgumentsAreSplitAtTheirNuls) {
  world_.AddProcess("42", {.pid = 42, .start = 7});
  world_.tree.Write("proc/42/cmdline", "conmon\0--cid\0abc\0"sv);
  EXPECT_EQ(reader_.arguments(Numbered(42)), (Words{"conmon", "--cid", "abc"}));
  EXPECT_EQ(reader_.arguments(Numbered(43)).error(), (Fault{ErrorCode::kNotFound, ENOENT}));
}

TEST_F(ClaimReaderTest, HomesAreThoseOfThePasswordFile) {
  world_.tree.Write("host/etc/passwd",
                    "broken\n"
                    "x:x:notanumber:0::/x:/bin/sh\n"
                    "short:x:1000\n"
                    "empty:x::0::/empty:/bin/sh\n"
                    "ann:x:1000:1000:Ann:/home/ann:/bin/sh\n"
                    "second:x:1000:1000::/home/second:/bin/sh\n"
                    "last:x:1001:1001::/home/last:/bin/sh");
  EXPECT_EQ(reader_.home(Uid{1000}), "/home/ann");
  EXPECT_EQ(reader_.home(Uid{1001}), "/home/last");
  EXPECT_EQ(reader_.home(Uid{0}).error(), Fault{ErrorCode::kNotFound});
}

TEST_F(ClaimReaderTest, AMachineIsADescriptorOfTheKernels) {
  world_.AddProcess("42", {.pid = 42, .start = 7});
  world_.tree.Link("proc/42/fd/3", "socket:[1]");
  EXPECT_EQ(reader_.runs_virtual_machine(Numbered(42)), false);
  world_.tree.Link("proc/42/fd/4", "anon_inode:kvm-vm");
  EXPECT_EQ(reader_.runs_virtual_machine(Numbered(42)), true);
  EXPECT_EQ(reader_.runs_virtual_machine(Numbered(43)).error(),
            (Fault{ErrorCode::kNotFound, ENOENT}));
}

}  // namespace
}  // namespace hullmark
