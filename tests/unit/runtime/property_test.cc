// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "hullmark/ids.h"
#include "hullmark/snapshot.h"
#include "tests/unit/runtime/world.h"

namespace hullmark {
namespace {

// Few values for everything, so that processes meet in namespaces, cgroups and starts.
Spec AnySpec(int pid) {
  const std::array<std::string, 9> cgroups = {
      "/",
      "/docker/" + Id('a'),
      "/docker/" + Id('a') + "/docker/" + Id('b'),
      "/jobs/one",
      "/jobs/one/inner",
      "/system.slice/web.service",
      "/machine.slice/libpod-" + Id('c') + ".scope/container",
      "/lxc.payload.box",
      "/user.slice/session-1.scope"};
  Spec spec{.pid = pid};
  spec.parent = *rc::gen::inRange(0, 30);
  spec.cgroup = cgroups[*rc::gen::inRange<std::size_t>(0, cgroups.size())];
  for (int* number : {&spec.mnt, &spec.pids, &spec.net, &spec.user}) {
    *number = *rc::gen::inRange(0, 4);
  }
  spec.number = *rc::gen::inRange(1, 4);
  spec.start = *rc::gen::inRange(1, 12);
  spec.program_mount = *rc::gen::element<std::uint32_t>(0, World::kHostMount, 1001);
  spec.program = *rc::gen::element<std::string>("/bin/app", "/usr/bin/bwrap", "/usr/bin/conmon");
  return spec;
}

std::vector<Spec> AnySpecs() {
  std::vector<Spec> specs;
  const int count = *rc::gen::inRange(0, 28);
  for (int i = 0; i < count; ++i) specs.push_back(AnySpec(i + 2));
  return specs;
}

void Fill(World& world, const std::vector<Spec>& specs, const std::vector<int>& unreadable) {
  world.HostRoot(3);
  for (const auto& spec : specs) world.Add(spec);
  for (const int pid : unreadable) {
    if (pid < static_cast<int>(specs.size()) + 2) world.Of(pid).leader.namespaces = Namespaces();
  }
}

// What was found, in words that do not depend on rows.
std::map<int, std::string> Told(const World& world) {
  std::map<int, std::string> told;
  for (std::size_t i = 0; i < world.snapshot.containers.size(); ++i) {
    const auto& container = world.snapshot.containers[i];
    for (const auto& member : container.members) {
      auto& text = told[std::to_underlying(world.snapshot.At(member.process).pid)];
      text += std::to_string(i) + " " + world.TextOf(container.id) + " " +
              std::string(NameOf(container.container_class)) + " " + world.CgroupOf(container) +
              " " + std::to_string(world.InitOf(container)) +
              (container.parent ? " in " + std::to_string(*container.parent) : "") +
              (member.joined ? " joined" : "") + (member.outside_cgroup ? " outside" : "");
    }
  }
  return told;
}

RC_GTEST_PROP(AnyHost, EveryProcessIsOneContainersAtMost, ()) {
  World world;
  Fill(world, AnySpecs(), *rc::gen::container<std::vector<int>>(3, rc::gen::inRange(2, 40)));
  world.Attribute();
  std::vector<int> owners(world.snapshot.processes.size(), 0);
  const auto& containers = world.snapshot.containers;
  std::vector<StringId> ids;
  for (std::size_t i = 0; i < containers.size(); ++i) {
    const auto& container = containers[i];
    ids.push_back(container.id);
    RC_ASSERT(world.TextOf(container.id) != "");
    RC_ASSERT(!container.members.empty());
    RC_ASSERT(container.init.has_value());
    RC_ASSERT(std::ranges::is_sorted(container.members, {}, &Member::process));
    RC_ASSERT(std::ranges::find(container.members, *container.init, &Member::process) !=
              container.members.end());
    RC_ASSERT(container.parent.value_or(0) < containers.size());
    RC_ASSERT(container.parent != i);
    for (const auto& member : container.members) {
      ++owners[std::to_underlying(member.process)];
      RC_ASSERT(!member.joined || member.process != *container.init);
    }
  }
  RC_ASSERT(std::ranges::max(owners) <= 1);
  std::ranges::sort(ids);
  RC_ASSERT(std::ranges::adjacent_find(ids) == ids.end());
}

RC_GTEST_PROP(AnyHost, TheOrderOfProcessesDoesNotMatter, ()) {
  World world;
  Fill(world, AnySpecs(), *rc::gen::container<std::vector<int>>(3, rc::gen::inRange(2, 40)));
  world.Attribute();
  const auto before = Told(world);
  std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
  std::ranges::shuffle(world.snapshot.processes, random);
  world.Attribute();
  RC_ASSERT(Told(world) == before);
}

}  // namespace
}  // namespace hullmark
