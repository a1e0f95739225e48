// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/collect/record_world.h"

#include <algorithm>
#include <array>
#include <string>

#include "agent/bpf/task_record.h"
#include "hullmark/ids.h"
#include "tests/unit/collect/world.h"

namespace hullmark {

void AddOwnProcess(const CollectWorld& world) {
  world.AddProcess("self", {.pid = 1, .image = 1});
  // The host's own mount table, which nobody reads again.
  world.tree.Write("proc/1/mountinfo", MountLineOf(1, "/", "/", "ext4", "rw"));
  world.AddNamespaces("1");
}

void AddRecordedProcess(const CollectWorld& world, int pid, int image) {
  const std::string name = std::to_string(pid);
  world.AddProcess(name, {.pid = pid, .image = image});
  world.tree.Link("proc/" + name + "/exe", "/bin/app");
  world.tree.Write("proc/" + name + "/oom_score_adj", "0\n");
  std::string limits;
  for (const char* const line :
       {"Max core file size", "Max processes", "Max open files", "Max locked memory"}) {
    limits += std::string(line) + " 1024 4096 units\n";
  }
  world.tree.Write("proc/" + name + "/limits", limits);
}

TaskRecord RecordOf(int pid) {
  TaskRecord record = {};
  record.start = 10'000'000'000;  // 1000 ticks.
  record.tid = record.tgid = record.innermost_pid = pid;
  record.parent = 1;
  record.threads = 1;
  record.state = 1;
  record.css_set = 0xc55;
  record.image[0] = 0x1000;
  record.known = unsigned{kKnowsNamespaces | kKnowsTimeNamespace | kKnowsImage};
  constexpr std::array<unsigned, kNamespaceKinds> kHost = {4026531841, 4026531836, 4026531840,
                                                           4026531839, 4026531838, 4026531837,
                                                           4026531835, 4026531834};
  std::ranges::copy(kHost, record.namespaces);
  for (RecordLimit* const limit : {&record.nofile, &record.nproc, &record.core, &record.memlock}) {
    *limit = {.soft = 1024, .hard = 4096};
  }
  for (RecordIdMap* const map : {&record.uid_map, &record.gid_map}) {
    map->count = 1;
    map->extents[0] = {.inside = 0, .outside = 0, .count = 4294967295};
  }
  return record;
}

}  // namespace hullmark
