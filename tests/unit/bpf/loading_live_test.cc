// SPDX-License-Identifier: Apache-2.0
// What keeps a program from this very kernel, done to a child; and what a dead reader leaves.
#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <ios>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "agent/bpf/task_iterator.h"
#include "agent/bpf/task_record.h"
#include "hullmark/result.h"
#include "tests/unit/temp_tree.h"

namespace hullmark {
namespace {

// What a child is told by Load once `prepare` has run in it: the code as a letter ('x': loaded),
// then the message; nullopt where it could not be prepared.
std::optional<std::string> LoadInChild(const std::function<bool()>& prepare) {
  std::array<int, 2> said = {};
  if (pipe(said.data()) != 0) return std::nullopt;
  const pid_t child = fork();
  if (child == 0) {
    if (!prepare()) _exit(1);
    const auto loaded = TaskIterator::Load();
    std::string text = "x";
    if (!loaded) {
      text = static_cast<char>('0' + static_cast<int>(loaded.error().code));
      text += loaded.error().message;
    }
    _exit(write(said[1], text.data(), text.size()) > 0 ? 0 : 1);
  }
  close(said[1]);
  std::array<char, 4096> text = {};
  const ssize_t got = read(said[0], text.data(), text.size());
  close(said[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (status != 0 || got <= 0) return std::nullopt;
  return std::string(text.data(), static_cast<std::size_t>(got));
}

char LetterOf(ErrorCode code) { return static_cast<char>('0' + static_cast<int>(code)); }

// Leaves the calling process the capabilities of `mask`, of those that it has.
bool KeepCapabilities(std::uint64_t mask) {
  __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, 2> sets = {};
  if (syscall(SYS_capget, &header, sets.data()) != 0) return false;
  sets[0].effective &= static_cast<std::uint32_t>(mask);
  sets[1].effective &= static_cast<std::uint32_t>(mask >> 32);
  return syscall(SYS_capset, &header, sets.data()) == 0;
}

constexpr std::uint64_t Bit(int capability) { return std::uint64_t{1} << capability; }

class LiveLoading : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root can give privileges up";
    const auto loaded = TaskIterator::Load();
    if (!loaded) GTEST_SKIP() << loaded.error().message;
  }
};

TEST_F(LiveLoading, TwoCapabilitiesSuffice) {
  EXPECT_EQ(LoadInChild([] { return KeepCapabilities(Bit(CAP_BPF) | Bit(CAP_PERFMON)); }), "x");
}

TEST_F(LiveLoading, OneOfThemDoesNot) {
  const auto bpf = LoadInChild([] { return KeepCapabilities(Bit(CAP_BPF)); });
  ASSERT_TRUE(bpf.has_value());
  EXPECT_EQ(bpf->front(), LetterOf(ErrorCode::kDenied));
  EXPECT_NE(bpf->find("CAP_PERFMON is missing"), std::string::npos) << *bpf;
  const auto none = LoadInChild([] { return KeepCapabilities(0); });
  ASSERT_TRUE(none.has_value());
  EXPECT_NE(none->find("CAP_BPF and CAP_PERFMON are missing"), std::string::npos) << *none;
}

TEST_F(LiveLoading, SaysThatTypesAreNotDescribed) {
  const auto said = LoadInChild([] {
    return unshare(CLONE_NEWNS) == 0 &&
           mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           mount("none", "/sys/kernel/btf", "tmpfs", 0, nullptr) == 0;
  });
  if (!said) GTEST_SKIP() << "no mount namespace is to be had";
  EXPECT_EQ(said->front(), LetterOf(ErrorCode::kNotFound));
  EXPECT_NE(said->find("CONFIG_DEBUG_INFO_BTF"), std::string::npos) << *said;
}

TEST_F(LiveLoading, SaysWhyTheVerifierRefuses) {
  std::ifstream file(HULLMARK_FIXTURES "/btf/debian-6.1.0-56-cloud-amd64.btf", std::ios::binary);
  std::string types{std::istreambuf_iterator<char>(file), {}};
  const auto at = types.find("start_boottime");
  ASSERT_NE(at, std::string::npos);
  types.replace(at, 5, "begin");
  const TempTree tree;
  tree.Write("renamed.btf", types);
  const auto loaded = TaskIterator::Load(tree.Path("renamed.btf"));
  ASSERT_FALSE(loaded.has_value());
  EXPECT_EQ(loaded.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(loaded.error().message.find("does not take the program"), std::string::npos)
      << loaded.error().message;
}

// Programs of our iterator's name that the kernel holds, by id.
std::set<std::uint32_t> OurPrograms() {
  std::set<std::uint32_t> ids;
  for (std::uint32_t id = 0; bpf_prog_get_next_id(id, &id) == 0;) {
    const int program = bpf_prog_get_fd_by_id(id);
    if (program < 0) continue;
    bpf_prog_info about = {};
    std::uint32_t size = sizeof about;
    const bool known = bpf_obj_get_info_by_fd(program, &about, &size) == 0;
    close(program);
    if (known && std::string_view(about.name) == "write_tasks") ids.insert(id);
  }
  return ids;
}

TEST_F(LiveLoading, AKilledReaderLeavesNothing) {
  const std::set<std::uint32_t> before = OurPrograms();
  std::array<int, 2> said = {};
  ASSERT_EQ(pipe(said.data()), 0);
  const pid_t child = fork();
  if (child == 0) {
    auto loaded = TaskIterator::Load();
    const char byte = loaded && loaded->Read({}) ? 'x' : '-';
    (void)!write(said[1], &byte, 1);
    while (true) pause();
  }
  char byte = 0;
  ASSERT_EQ(read(said[0], &byte, 1), 1);
  EXPECT_EQ(byte, 'x');
  const std::set<std::uint32_t> during = OurPrograms();
  EXPECT_GT(during.size(), before.size());
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  // The kernel may take its time to free them.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  std::set<std::uint32_t> left;
  do {
    left.clear();
    for (const std::uint32_t id : OurPrograms()) {
      if (during.contains(id) && !before.contains(id)) left.insert(id);
    }
  } while (!left.empty() && std::chrono::steady_clock::now() < deadline);
  EXPECT_TRUE(left.empty()) << *left.begin();
}

// Closes what refers to the iterator, as if it had been taken away.
bool CloseLink() {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    const auto target = std::filesystem::read_symlink(entry.path(), error);
    if (target == "anon_inode:bpf_link") return close(std::stoi(entry.path().filename())) == 0;
  }
  return false;
}

TEST_F(LiveLoading, AnIteratorThatIsGoneIsAnError) {
  std::array<int, 2> said = {};
  ASSERT_EQ(pipe(said.data()), 0);
  const pid_t child = fork();
  if (child == 0) {
    auto loaded = TaskIterator::Load();
    if (!loaded || !loaded->Read({}) || !CloseLink()) _exit(1);
    const auto again = loaded->Read({});
    const char code = again ? 'x' : LetterOf(again.error().code);
    _exit(write(said[1], &code, 1) == 1 ? 0 : 1);
  }
  char code = 0;
  ASSERT_EQ(read(said[0], &code, 1), 1);
  waitpid(child, nullptr, 0);
  EXPECT_EQ(code, LetterOf(ErrorCode::kIo));
}

}  // namespace
}  // namespace hullmark
