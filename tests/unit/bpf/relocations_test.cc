// SPDX-License-Identifier: Apache-2.0
// Whether every member that the kernel program reads is found in the types of other kernels, which
// lie in tests/fixtures/btf. libbpf looks for them once it may load anything at all.
#include <bpf/libbpf.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdarg>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <ios>
#include <iterator>
#include <string>
#include <string_view>

#include "agent/bpf/tasks.skel.h"
#include "tests/unit/temp_tree.h"

namespace hullmark {
namespace {

struct Relocations {
  int found = 0;
  std::string missing;
  std::string last;  // What was said last: why nothing was looked for.
};

// libbpf gives its words to a function without an argument of ours.
Relocations* heard = nullptr;

[[gnu::format(printf, 2, 0)]] int Hear(libbpf_print_level /*level*/, const char* format,
                                       std::va_list words) {
  std::array<char, 1024> text = {};
  (void)std::vsnprintf(text.data(), text.size(), format, words);
  const std::string_view line(text.data());
  heard->last = line;
  if (!line.contains(": relo #")) return 0;
  if (line.contains("patched insn")) ++heard->found;
  if (line.contains("no matching targets") || line.contains("substituting insn")) {
    heard->missing += line;
  }
  return 0;
}

Relocations RelocateAgainst(const std::string& types) {
  Relocations relocations;
  heard = &relocations;
  libbpf_set_print(Hear);
  bpf_object_open_opts options = {};
  options.sz = sizeof options;
  options.btf_custom_path = types.c_str();
  tasks_bpf* const skeleton = tasks_bpf__open_opts(&options);
  // Whether this kernel takes what fits another one is not asked.
  if (skeleton != nullptr) (void)tasks_bpf__load(skeleton);
  tasks_bpf__destroy(skeleton);
  libbpf_set_print(nullptr);
  return relocations;
}

const std::string kTypes = HULLMARK_FIXTURES "/btf";

TEST(Relocations, EveryMemberIsInDebiansKernels) {
  int kernels = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kTypes)) {
    if (entry.path().extension() != ".btf") continue;
    const Relocations relocations = RelocateAgainst(entry.path());
    if (relocations.found == 0) GTEST_SKIP() << relocations.last;
    EXPECT_GT(relocations.found, 60) << entry.path();
    EXPECT_EQ(relocations.missing, "") << entry.path();
    ++kernels;
  }
  EXPECT_EQ(kernels, 2);
}

TEST(Relocations, AMemberOfAnotherNameIsMissed) {
  std::ifstream file(kTypes + "/debian-6.1.0-56-cloud-amd64.btf", std::ios::binary);
  std::string types{std::istreambuf_iterator<char>(file), {}};
  const auto at = types.find("start_boottime");
  ASSERT_NE(at, std::string::npos);
  types.replace(at, 5, "begin");
  const TempTree tree;
  tree.Write("renamed.btf", types);
  const Relocations relocations = RelocateAgainst(tree.Path("renamed.btf"));
  if (relocations.found == 0) GTEST_SKIP() << relocations.last;
  EXPECT_NE(relocations.missing, "");
}

}  // namespace
}  // namespace hullmark
