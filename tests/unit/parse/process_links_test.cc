// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string_view>

#include "agent/parse/descriptor_link.h"
#include "agent/parse/lsm_label.h"
#include "agent/parse/namespace_link.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

TEST(NamespaceLink, ReadsTheInode) {
  EXPECT_EQ(ParseNamespaceLink("net:[4026531833]", NamespaceKind::kNet),
            NamespaceInode{4026531833});
  EXPECT_EQ(ParseNamespaceLink("time:[4026531834]", NamespaceKind::kTime),
            NamespaceInode{4026531834});
}

TEST(NamespaceLink, RefusesAnotherKindOrForm) {
  for (const std::string_view bad :
       {"", "net", "net:", "net:[", "net:]", "net:[]", "net:[x]", "net:[1] (deleted)",
        "net:[4294967296]", "net:[-1]", "mnt:[1]", "net:4026531833", "net:[1]\n", "/net:[1]"}) {
    EXPECT_EQ(ParseNamespaceLink(bad, NamespaceKind::kNet), Missing(ErrorCode::kMalformed)) << bad;
  }
}

TEST(DescriptorLink, TellsTheKinds) {
  using enum DescriptorKind;
  EXPECT_EQ(ParseDescriptorLink("socket:[8598]"), (Descriptor{.kind = kSocket, .socket = 8598}));
  EXPECT_EQ(ParseDescriptorLink("pipe:[25435]"), Descriptor{.kind = kPipe});
  EXPECT_EQ(ParseDescriptorLink("/dev/null"), Descriptor{.kind = kNull});
  EXPECT_EQ(ParseDescriptorLink("/dev/nullx"), Descriptor{.kind = kFile});
  EXPECT_EQ(ParseDescriptorLink("/var/log/x (deleted)"), Descriptor{.kind = kFile});
  for (const std::string_view terminal : {"/dev/pts/0", "/dev/pts/12 (deleted)", "/dev/tty",
                                          "/dev/tty1", "/dev/ttyS0", "/dev/console", "/dev/hvc0"}) {
    EXPECT_EQ(ParseDescriptorLink(terminal), Descriptor{.kind = kTerminal}) << terminal;
  }
  for (const std::string_view file : {"/dev/pts/../null", "/dev/tty/x", "/tmp/dev/pts/0"}) {
    EXPECT_EQ(ParseDescriptorLink(file), Descriptor{.kind = kFile}) << file;
  }
  for (const std::string_view other : {"", "anon_inode:[eventpoll]", "socket:[]", "socket:[x]",
                                       "socket:8598", "net:[1]", "(unreachable)/x"}) {
    EXPECT_EQ(ParseDescriptorLink(other), Descriptor{}) << other;
  }
}

TEST(LsmLabel, LosesOneFinalByteOnly) {
  using namespace std::string_view_literals;
  EXPECT_EQ(TrimLabel("docker-default (enforce)\n"), "docker-default (enforce)");
  EXPECT_EQ(TrimLabel("system_u:system_r:container_t:s0:c1,c2\0"sv),
            "system_u:system_r:container_t:s0:c1,c2");
  EXPECT_EQ(TrimLabel("unconfined"), "unconfined");
  EXPECT_EQ(TrimLabel("a \n\n"), "a \n");
  EXPECT_EQ(TrimLabel("\n\0"sv), "\n");
  EXPECT_EQ(TrimLabel(""), "");
}

}  // namespace
}  // namespace hullmark
