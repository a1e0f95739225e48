// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/keyed_hash.h"
#include "agent/benchmark/load.h"
#include "agent/evaluate/evaluate.h"
#include "agent/evaluate/evaluator.h"
#include "agent/replay/fact_digests.h"
#include "agent/sinks/report_sinks.h"
#include "checks/table.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "hullmark/waiver.h"
#include "tests/golden/scoring_host.h"
#include "tests/unit/replay/mutation.h"
#include "tests/unit/replay/random_snapshot.h"

// Whatever changes from one Snapshot to the next: what was not judged again is as if it had been.
namespace hullmark {
namespace {

constexpr HashKey kKey = {.first = 0x0123456789abcdef, .second = 0xfedcba9876543210};

const Benchmark& Shipped() {
  static const std::vector<Check> checks = AllChecks();
  static const auto benchmark = LoadBenchmark(DefaultBenchmarkText(), "default.yaml", checks);
  return benchmark.value();
}

// Containers with what makes them depend on each other and on their neighbours: namespaces of the
// host and of each other, a pod, one inside of another, threads, one that joined.
Snapshot BusyHost() {
  ScoringHost host(Shipped());
  host.UseDockerDefaults();
  Snapshot& snapshot = host.snapshot;
  for (const std::string_view name : {"db", "pause", "app", "nested", "service"}) {
    host.AddContainer(name);
  }
  for (std::size_t at = 0; at < snapshot.containers.size(); ++at) {
    Container& container = snapshot.containers[at];
    container.id = snapshot.strings.Intern("id" + std::to_string(at));
    container.limits = snapshot.containers[0].limits;
  }
  const auto process_of = [&](std::size_t at) {
    return static_cast<std::size_t>(snapshot.containers[at].members.front().process);
  };
  snapshot.containers[2].container_class = ContainerClass::kPause;
  host.Join(NamespaceKind::kNet, process_of(3), process_of(2));
  host.Join(NamespaceKind::kIpc, process_of(1), process_of(0));
  host.UseHost(NamespaceKind::kPid, process_of(1));
  snapshot.containers[4].parent = 0;
  snapshot.containers[5].container_class = ContainerClass::kService;
  host.AddProcess(process_of(0), 0);
  snapshot.containers[0].members.back().joined = true;
  host.AddProcess(process_of(1), 3);
  Thread thread{.process = ProcessIndex{0}, .tid = Pid{7777}, .task = snapshot.processes[0].leader};
  thread.task.status->no_new_privs = false;
  snapshot.threads.push_back(thread);
  snapshot.taken_at = Timestamp{1'000'000};
  return std::move(snapshot);
}

std::vector<Waiver> SomeWaivers() {
  return {{.control = Glob("CAP-*"),
           .select = {.name = {Glob("*")}, .uid = Uid{0}},
           .expires = Timestamp{1'000'005}},
          {.control = Glob("*"), .expires = Timestamp{1'000'010}, .allow_critical = true}};
}

EvaluateOptions AllClasses(const std::vector<Waiver>& waivers) {
  return {.classes = {ContainerClass::kContainer, ContainerClass::kPause, ContainerClass::kSandbox,
                      ContainerClass::kService, ContainerClass::kVm},
          .waivers = waivers};
}

std::string Json(const Snapshot& snapshot, const Report& report,
                 const std::vector<Waiver>& waivers) {
  const ReportOptions how;
  std::string text;
  WriteJsonReport({.snapshot = snapshot,
                   .benchmark = Shipped(),
                   .report = report,
                   .options = how,
                   .waivers = waivers},
                  [&](std::string_view part) { text += part; });
  return text;
}

void Remove(Snapshot& snapshot, std::uint32_t at) {
  snapshot.containers.erase(snapshot.containers.begin() + at);
  for (Container& container : snapshot.containers) {
    if (container.parent == at) container.parent.reset();
    if (container.parent && *container.parent > at) --*container.parent;
  }
}

// Rows move, and what refers to them with them: nothing has changed.
void Shuffle(Snapshot& snapshot) {
  if (snapshot.containers.size() < 2) return;
  const auto last = static_cast<std::uint32_t>(snapshot.containers.size() - 1);
  std::swap(snapshot.containers.front(), snapshot.containers.back());
  for (Container& container : snapshot.containers) {
    if (!container.parent) continue;
    if (*container.parent == 0) {
      container.parent = last;
    } else if (*container.parent == last) {
      container.parent = 0;
    }
  }
}

void Change(Snapshot& snapshot) {
  switch (*rc::gen::inRange(0, 10)) {
    case 0:
      if (!snapshot.containers.empty()) {
        Remove(snapshot, *rc::gen::inRange<std::uint32_t>(
                             0, static_cast<std::uint32_t>(snapshot.containers.size())));
      }
      return;
    case 1:
      if (!snapshot.containers.empty() && snapshot.containers.size() < 9) {
        snapshot.containers.push_back(
            snapshot.containers[*rc::gen::inRange<std::size_t>(0, snapshot.containers.size())]);
      }
      return;
    case 2:
      return Shuffle(snapshot);
    case 3:
      snapshot.taken_at = Timestamp{std::to_underlying(snapshot.taken_at) / 2 + 1};
      return;
    default:
      return Mutate(snapshot, *rc::gen::arbitrary<std::uint64_t>());
  }
}

void SaysTheSameAsIfNothingWasKnown(Snapshot snapshot) {
  const std::vector<Waiver> waivers = SomeWaivers();
  const EvaluateOptions options = AllClasses(waivers);
  Evaluator evaluator(Shipped(), options);
  const int scans = *rc::gen::inRange(2, 12);
  for (int scan = 0; scan < scans; ++scan) {
    const Report& some = evaluator.Judge(snapshot, DigestFacts(snapshot, kKey));
    const Report all = Evaluate(snapshot, Shipped(), options);
    RC_ASSERT(Json(snapshot, some, waivers) == Json(snapshot, all, waivers));
    const int changes = *rc::gen::inRange(0, 3);
    for (int change = 0; change < changes; ++change) Change(snapshot);
  }
}

TEST(EvaluatorProperty, OnAHostThatIsReadableItSaysTheSameAsIfNothingWasKnown) {
  EXPECT_TRUE(rc::check([] { SaysTheSameAsIfNothingWasKnown(BusyHost()); }));
}

TEST(EvaluatorProperty, OnAnyFactsItSaysTheSameAsIfNothingWasKnown) {
  EXPECT_TRUE(rc::check(
      [](std::uint64_t seed) { SaysTheSameAsIfNothingWasKnown(RandomSnapshot(seed, 6)); }));
}

// One field of one process, thread or control group: those that it belongs to, and their
// neighbours.
TEST(EvaluatorProperty, AChangeOfAProcessIsNobodyElsesButItsContainersAndNeighbours) {
  EXPECT_TRUE(rc::check([] {
    Snapshot snapshot = BusyHost();
    Evaluator evaluator(Shipped(), AllClasses({}));
    evaluator.Judge(snapshot, DigestFacts(snapshot, kKey));
    RC_ASSERT(evaluator.judged().containers == snapshot.containers.size());
    const auto at = *rc::gen::inRange<std::size_t>(0, snapshot.processes.size());
    snapshot.processes[at].stat.tty ^= 1U;
    evaluator.Judge(snapshot, DigestFacts(snapshot, kKey));
    const auto holds = [&](const Container& container) {
      return std::ranges::count(container.members, ProcessIndex{static_cast<std::uint32_t>(at)},
                                &Member::process) > 0;
    };
    RC_ASSERT(evaluator.judged().containers ==
              static_cast<std::size_t>(std::ranges::count_if(snapshot.containers, holds)));
    RC_ASSERT(!evaluator.judged().host);
  }));
}

}  // namespace
}  // namespace hullmark
