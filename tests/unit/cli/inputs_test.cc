// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/inputs.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "agent/config/config.h"
#include "hullmark/glob.h"
#include "hullmark/result.h"
#include "hullmark/selector.h"
#include "hullmark/waiver.h"
#include "tests/unit/temp_tree.h"

namespace hullmark {
namespace {

TEST(ReadSnapshotFileTest, ReadsRegularFilesOnlyAndNamesThePath) {
  const TempTree tree;
  tree.MakeFifo("fifo");
  EXPECT_EQ(ReadSnapshotFile(tree.Path("fifo")).error().code, ErrorCode::kMalformed);
  EXPECT_EQ(ReadSnapshotFile(tree.Path(".")).error().code, ErrorCode::kMalformed);
  const auto absent = ReadSnapshotFile(tree.Path("absent"));
  EXPECT_EQ(absent.error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(absent.error().message.starts_with(tree.Path("absent")));
}

// Read of a host is what selectors and the benchmark's parameters name, and nothing else.
TEST(WantedByTest, LabelsOfAllSelectorsOnce) {
  Config site;
  EXPECT_EQ(WantedBy({}, site, {}).label_keys, std::vector<std::string>());
  const Selector except = {.labels = {{"env", Glob("test")}}};
  site.select = {.labels = {{"tier", Glob("*")}}, .except = std::make_shared<Selector>(except)};
  site.infrastructure = {.labels = {{"infra", Glob("*")}}};
  std::vector<Waiver> waivers(2);
  waivers[0].select = {.labels = {{"tier", Glob("a")}}};
  waivers[1].select = {.labels = {{"app", Glob("web")}}};
  EXPECT_EQ(WantedBy({}, site, waivers).label_keys,
            (std::vector<std::string>{"app", "env", "infra", "tier"}));
}

}  // namespace
}  // namespace hullmark
