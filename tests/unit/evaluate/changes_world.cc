// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/evaluate/changes_world.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/evaluate/changes.h"
#include "agent/evaluate/evaluate.h"
#include "hullmark/check.h"
#include "hullmark/event.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"
#include "tests/unit/evaluate/world.h"

namespace hullmark {
namespace {

Verdict SaidOf(const std::map<int, Verdict>& says, int control) {
  const auto found = says.find(control);
  return found == says.end() ? Passes() : found->second;
}

// Processes have to stand in the order of their pids; the world numbers tasks as they are made.
struct Placed {
  std::uint32_t container;
  const ActedProcess* process;
};

std::vector<Placed> InOrder(const ActedScene& scene) {
  std::vector<Placed> placed;
  for (std::uint32_t at = 0; at < scene.containers.size(); ++at) {
    for (const auto& process : scene.containers[at].processes) placed.push_back({at, &process});
  }
  std::ranges::sort(placed, {}, [](const Placed& place) { return place.process->pid; });
  return placed;
}

void Populate(World& world, const ActedScene& scene) {
  for (const auto& container : scene.containers) {
    world.AddContainer(container.named ? container.id : "", container.id);
  }
  const auto placed = InOrder(scene);
  for (const auto& [at, acted] : placed) {
    if (acted->ended) {
      world.AddEnded(at, Pid{acted->pid});
      continue;
    }
    const ProcessIndex index = world.AddProcess(at);
    Process& process = world.snapshot.processes.back();
    process.pid = Pid{acted->pid};
    process.stat.start = BootTicks{acted->start};
    Container& container = world.snapshot.containers[at];
    if (!container.init && scene.containers[at].start != 0) {
      container.init = index;
      process.stat.start = BootTicks{scene.containers[at].start};
    }
  }
  for (int control = 0; control < scene.process_controls; ++control) {
    std::vector<Verdict> says;
    for (const Placed& place : placed) says.push_back(SaidOf(place.process->says, control));
    world.AddControl(Scope::kProcess, kHighPrice, says).title = "Processes behave";
  }
  for (int i = 0; i < scene.container_controls; ++i) {
    std::vector<Verdict> says;
    for (const auto& container : scene.containers) {
      says.push_back(SaidOf(container.says, scene.process_controls + i));
    }
    world.AddControl(Scope::kContainer, kMediumPrice, says).title = "Limits are set";
  }
  world.AddControl(Scope::kHost, kCriticalPrice, {scene.host}).title = "The host is sound";
}

}  // namespace

ActedScan::ActedScan(const ActedScene& scene, std::int64_t taken_at) {
  Populate(world_, scene);
  world_.snapshot.taken_at = Timestamp{taken_at};
  world_.snapshot.host.boot_id = scene.boot_id;
  if (scene.booted_at) world_.snapshot.host.booted_at = *scene.booted_at;
  world_.snapshot.counts.processes_truncated = scene.truncated;
  world_.snapshot.counts.unreadable = scene.unreadable;
  if (!scene.vantage_problem.empty()) {
    world_.snapshot.vantage.problems = {{.id = scene.vantage_problem}};
  }
  report_ = Evaluate(world_.snapshot, world_.benchmark, {.site = scene.select});
}

std::vector<Event> Watch::SeeAgain(const ActedScene& scene) {
  const ActedScan scan(scene, now);
  Changes changes = Update(state, scan.judged(), options);
  moved = changes.moved;
  return std::move(changes.events);
}

std::vector<Event> Watch::See(const ActedScene& scene) {
  now += kScanInterval;
  return SeeAgain(scene);
}

namespace {

std::string NameOfGrade(const std::optional<Grade>& grade) {
  return grade ? std::string(NameOf(*grade)) : "none";
}

}  // namespace

std::vector<std::string> Lines(const std::vector<Event>& events) {
  std::vector<std::string> lines;
  for (const Event& event : events) {
    std::string line(NameOf(event.kind));
    for (const auto& word : {event.container_id, event.control}) {
      if (!word.empty()) line += " " + word;
    }
    if (event.former_severity) line += " " + std::string(NameOf(*event.former_severity)) + " ->";
    if (event.severity) line += " " + std::string(NameOf(*event.severity));
    if (event.kind == EventKind::kGradeChanged) {
      line += " " + NameOfGrade(event.former_grade) + " -> " + NameOfGrade(event.grade);
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace hullmark
