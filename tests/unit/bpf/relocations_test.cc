// SPDX-License-Identifier: Apache-2.0
// Whether every member that the kernel programs read is found in the types of other kernels, which
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

#include "agent/bpf/events.skel.h"
#include "agent/bpf/exec_bans.skel.h"
#include "agent/bpf/filters_skeleton.h"
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

struct Program {
  std::string_view name;
  // Opens, loads and destroys it. Whether this kernel takes what fits another one is not asked.
  void (*load)(const bpf_object_open_opts&);
  int members;  // So many are read at least.
};

constexpr std::array kPrograms = {
    Program{"tasks",
            [](const bpf_object_open_opts& options) {
              tasks_bpf* const skeleton = tasks_bpf__open_opts(&options);
              if (skeleton != nullptr) (void)tasks_bpf__load(skeleton);
              tasks_bpf__destroy(skeleton);
            },
            60},
    Program{"filters",
            [](const bpf_object_open_opts& options) {
              filters_bpf* const skeleton = filters_bpf__open_opts(&options);
              if (skeleton != nullptr) (void)filters_bpf__load(skeleton);
              filters_bpf__destroy(skeleton);
            },
            15},
    Program{"events",
            [](const bpf_object_open_opts& options) {
              events_bpf* const skeleton = events_bpf__open_opts(&options);
              if (skeleton != nullptr) (void)events_bpf__load(skeleton);
              events_bpf__destroy(skeleton);
            },
            70},
    Program{"exec_bans",
            [](const bpf_object_open_opts& options) {
              exec_bans_bpf* const skeleton = exec_bans_bpf__open_opts(&options);
              if (skeleton != nullptr) (void)exec_bans_bpf__load(skeleton);
              exec_bans_bpf__destroy(skeleton);
            },
            20},
};

Relocations RelocateAgainst(const Program& program, const std::string& types) {
  Relocations relocations;
  heard = &relocations;
  libbpf_set_print(Hear);
  bpf_object_open_opts options = {};
  options.sz = sizeof options;
  options.btf_custom_path = types.c_str();
  program.load(options);
  libbpf_set_print(nullptr);
  return relocations;
}

const std::string kTypes = HULLMARK_FIXTURES "/btf";

class Relocated : public testing::TestWithParam<Program> {};

INSTANTIATE_TEST_SUITE_P(Programs, Relocated, testing::ValuesIn(kPrograms),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST_P(Relocated, EveryMemberIsInDebiansKernels) {
  int kernels = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kTypes)) {
    if (entry.path().extension() != ".btf") continue;
    const Relocations relocations = RelocateAgainst(GetParam(), entry.path());
    if (relocations.found == 0) GTEST_SKIP() << relocations.last;
    EXPECT_GT(relocations.found, GetParam().members) << entry.path();
    EXPECT_EQ(relocations.missing, "") << entry.path();
    ++kernels;
  }
  EXPECT_EQ(kernels, 2);
}

TEST_P(Relocated, AMemberOfAnotherNameIsMissed) {
  std::ifstream file(kTypes + "/debian-6.1.0-56-cloud-amd64.btf", std::ios::binary);
  std::string types{std::istreambuf_iterator<char>(file), {}};
  const auto at = types.find("start_boottime");
  ASSERT_NE(at, std::string::npos);
  types.replace(at, 5, "begin");
  const TempTree tree;
  tree.Write("renamed.btf", types);
  const Relocations relocations = RelocateAgainst(GetParam(), tree.Path("renamed.btf"));
  if (relocations.found == 0) GTEST_SKIP() << relocations.last;
  EXPECT_NE(relocations.missing, "");
}

}  // namespace
}  // namespace hullmark
