// SPDX-License-Identifier: Apache-2.0
#include "agent/replay/fact_digests.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/replay/snapshot_json.h"
#include "hullmark/fact_digests.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/seccomp.h"
#include "hullmark/snapshot.h"
#include "tests/unit/replay/random_snapshot.h"

namespace hullmark {
namespace {

FactDigests Digest(const Snapshot& snapshot) {
  return DigestFacts(snapshot, {.first = 1, .second = 2});
}

constexpr NamespaceInode kHostNet{4026531840};

// Two containers of one process each, "a" and "b", that share nothing.
Snapshot TwoContainers() {
  Snapshot snapshot;
  snapshot.vantage.initial_pid_namespace = snapshot.vantage.initial_user_namespace = true;
  snapshot.host.namespaces[std::to_underlying(NamespaceKind::kNet)] =
      ReferenceNamespace{.inode = kHostNet};
  for (std::uint32_t at = 0; at < 2; ++at) {
    Process process;
    process.pid = Pid{100 + static_cast<int>(at)};
    for (std::uint32_t kind = 0; kind < kNamespaceKinds; ++kind) {
      process.leader.namespaces.Set(static_cast<NamespaceKind>(kind),
                                    NamespaceInode{1000 + 10 * kind + at});
    }
    snapshot.processes.push_back(process);
    Container container;
    container.id = snapshot.strings.Intern(at == 0 ? "a" : "b");
    container.init = ProcessIndex{at};
    container.members = {{.process = ProcessIndex{at}}};
    snapshot.containers.push_back(container);
  }
  return snapshot;
}

// Which of the two containers have other facts than in TwoContainers().
std::string Changed(const Snapshot& snapshot) {
  const auto before = Digest(TwoContainers()).containers;
  const auto after = Digest(snapshot).containers;
  std::string changed;
  for (std::size_t at = 0; at < before.size(); ++at) {
    if (before[at] != after[at]) changed += at == 0 ? "a" : "b";
  }
  return changed;
}

Task& TaskOf(Snapshot& snapshot, std::size_t at) { return snapshot.processes[at].leader; }

TEST(FactDigests, AreOfTheFactsAndNotOfTheirPlaces) {
  EXPECT_TRUE(rc::check([](std::uint64_t seed) {
    const Snapshot snapshot = RandomSnapshot(seed, *rc::gen::inRange<std::size_t>(1, 6));
    std::string text;
    WriteSnapshot(snapshot, [&](std::string_view part) { text += part; });
    const auto again = ReadSnapshot(text);
    RC_ASSERT(again.has_value());  // Its strings have other numbers.
    const FactDigests one = Digest(snapshot);
    const FactDigests other = Digest(*again);
    RC_ASSERT(one.host == other.host);
    RC_ASSERT(one.containers == other.containers);
    RC_ASSERT(one.cgroups == other.cgroups);
  }));
  Snapshot moved = TwoContainers();
  moved.labels.emplace_back();
  moved.executables.emplace_back();
  EXPECT_EQ(Changed(moved), "");
}

TEST(FactDigests, WhatOneProcessDoesIsItsContainers) {
  Snapshot snapshot = TwoContainers();
  snapshot.processes[1].oom_score_adj = std::int16_t{5};
  EXPECT_EQ(Changed(snapshot), "b");
  snapshot = TwoContainers();
  snapshot.threads.push_back({.process = ProcessIndex{0}, .tid = Pid{500}, .task = {}});
  EXPECT_EQ(Changed(snapshot), "a");
}

TEST(FactDigests, AnotherFaultIsAnotherFact) {
  Snapshot snapshot = TwoContainers();
  TaskOf(snapshot, 0).status = Missing(ErrorCode::kDenied, 13);
  EXPECT_EQ(Changed(snapshot), "a");
  const auto denied = Digest(snapshot).containers;
  TaskOf(snapshot, 0).status = Missing(ErrorCode::kDenied, 1);
  EXPECT_NE(Digest(snapshot).containers[0], denied[0]);
}

TEST(FactDigests, RunningAndSleepingAreTheSame) {
  Snapshot snapshot = TwoContainers();
  snapshot.processes[0].stat.state = 'R';
  snapshot.processes[0].stat.parent = 7;
  EXPECT_EQ(Changed(snapshot), "");
}

TEST(FactDigests, WhatAnIndexPointsToCounts) {
  Snapshot snapshot = TwoContainers();
  snapshot.cgroups = {{.path = snapshot.strings.Intern("/")}, {.parent = CgroupIndex{0}}};
  snapshot.hierarchies.emplace_back();
  snapshot.memory_files.emplace_back();
  snapshot.cgroups[0].memory = 0;
  snapshot.containers[0].cgroup = CgroupIndex{1};
  const auto before = Digest(snapshot).containers;
  snapshot.memory_files[0].max = Limit{1};  // Of the parent.
  const auto after = Digest(snapshot).containers;
  EXPECT_NE(after[0], before[0]);
  EXPECT_EQ(after[1], before[1]);
}

TEST(FactDigests, FiltersThatWereFollowedLaterAreAnotherFact) {
  Snapshot snapshot = TwoContainers();
  snapshot.seccomp_filters.push_back({.rules = Missing(ErrorCode::kTruncated)});
  TaskOf(snapshot, 0).filters = SeccompFiltersIndex{0};
  EXPECT_EQ(Changed(snapshot), "a");
  const auto untold = Digest(snapshot).containers;
  snapshot.seccomp_filters[0].rules = std::make_shared<const FilterRules>();
  EXPECT_NE(Digest(snapshot).containers[0], untold[0]);
  EXPECT_EQ(Digest(snapshot).containers[1], untold[1]);
}

TEST(FactDigests, TheMapsOfANamespaceAreOfWhoIsInIt) {
  Snapshot snapshot = TwoContainers();
  TaskOf(snapshot, 1).namespaces.Set(NamespaceKind::kUser, NamespaceInode{5});
  const auto before = Digest(snapshot).containers;
  snapshot.user_namespaces.push_back({.inode = NamespaceInode{5}});
  const auto after = Digest(snapshot).containers;
  EXPECT_EQ(after[0], before[0]);
  EXPECT_NE(after[1], before[1]);
}

TEST(FactDigests, WhoJoinsANamespaceIsTheNeighbourOfAllInIt) {
  Snapshot snapshot = TwoContainers();
  TaskOf(snapshot, 1).namespaces.Set(NamespaceKind::kNet, NamespaceInode{1020});
  EXPECT_EQ(Changed(snapshot), "ab");
}

TEST(FactDigests, WhatANeighbourIsCalledIsItsNeighboursToo) {
  Snapshot snapshot = TwoContainers();
  TaskOf(snapshot, 1).namespaces.Set(NamespaceKind::kNet, NamespaceInode{1020});
  const auto before = Digest(snapshot).containers;
  snapshot.containers[1].name = snapshot.strings.Intern("other");
  EXPECT_NE(Digest(snapshot).containers[0], before[0]);
}

TEST(FactDigests, WhoSharesTheHostsNamespaceIsNobodysNeighbour) {
  Snapshot snapshot = TwoContainers();
  TaskOf(snapshot, 0).namespaces.Set(NamespaceKind::kNet, kHostNet);
  TaskOf(snapshot, 1).namespaces.Set(NamespaceKind::kNet, kHostNet);
  const auto before = Digest(snapshot).containers;
  snapshot.containers[1].name = snapshot.strings.Intern("other");
  EXPECT_EQ(Digest(snapshot).containers[0], before[0]);
  snapshot.vantage.initial_pid_namespace = false;  // Whose it is cannot be told from here.
  const auto unsure = Digest(snapshot).containers;
  snapshot.containers[1].name = StringId{};
  EXPECT_NE(Digest(snapshot).containers[0], unsure[0]);
}

TEST(FactDigests, WhoseNamespacesCannotBeReadConcernsAll) {
  Snapshot snapshot = TwoContainers();
  TaskOf(snapshot, 1).namespaces.Set(NamespaceKind::kNet, Missing(ErrorCode::kDenied, 13));
  EXPECT_EQ(Changed(snapshot), "ab");
}

TEST(FactDigests, WhatTheHostIsConcernsAll) {
  Snapshot snapshot = TwoContainers();
  snapshot.host.swap_active = true;
  EXPECT_EQ(Changed(snapshot), "ab");
  EXPECT_NE(Digest(snapshot).host, Digest(TwoContainers()).host);
  snapshot = TwoContainers();
  snapshot.vantage.hidepid = true;
  EXPECT_EQ(Changed(snapshot), "ab");
  snapshot = TwoContainers();
  snapshot.counts.vanished = 3;
  snapshot.vantage.problems.push_back({.id = "hidepid", .text = "3 processes", .remedy = ""});
  EXPECT_EQ(Changed(snapshot), "");
}

}  // namespace
}  // namespace hullmark
