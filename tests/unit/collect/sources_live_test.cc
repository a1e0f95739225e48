// SPDX-License-Identifier: Apache-2.0
// Both sources on this very host. Skipped, with the reason, where BPF is not to be had.
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "agent/collect/collect.h"
#include "agent/collect/collector.h"
#include "agent/collect/compare_sources.h"
#include "agent/collect/compare_tasks.h"
#include "agent/encode/text.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

TEST(LiveSources, TellTheSameOfEveryProcess) {
  const auto roots = OpenRoots({});
  ASSERT_TRUE(roots.has_value());
  const Tasks tasks = OpenTasks(*roots, true);
  if (!tasks.records) GTEST_SKIP() << tasks.why_not;
  const auto compared = CompareSources(*roots, {}, tasks.records);
  ASSERT_TRUE(compared.has_value()) << compared.error().message;
  EXPECT_GT(compared->processes, 2U);
  for (const TaskDifference& one : compared->differences) {
    ADD_FAILURE() << std::to_underlying(one.pid) << " " << one.field << ": bpf "
                  << Printable(one.bpf) << ", proc " << Printable(one.proc);
  }
}

}  // namespace
}  // namespace hullmark
