// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "hullmark/snapshot.h"
#include "tests/unit/runtime/world.h"

using namespace hullmark;

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

// A container whose claim file, or whose monitor's command line, is the input.
World WorldWith(const std::string& text) {
  World world;
  world.label_keys = {"*", "app"};
  const auto docker = Id('a'), podman = Id('b'), cri = Id('c'), crio = Id('d');
  world.Add(World::Isolated(100, 1, 1, "/docker/" + docker));
  world.File("/var/lib/docker/containers/" + docker + "/config.v2.json", text);
  world.Add(World::Isolated(200, 1, 2, "/libpod_parent/libpod-" + podman));
  world.File("/var/lib/containers/storage/overlay-containers/containers.json", text);
  world.File("/run/containers/storage/overlay-containers/" + podman + "/userdata/pidfile", "200");
  world.File("/var/lib/containers/storage/overlay-containers/" + podman + "/userdata/config.json",
             text);
  const auto task = "/run/containerd/io.containerd.runtime.v2.task/k8s.io/" + cri;
  world.Add(World::Isolated(300, 1, 3, "/kubepods/pod1/" + cri));
  world.File(task + "/init.pid", "300");
  world.File(task + "/config.json", text);
  const auto store = "/run/containers/storage/overlay-containers/" + crio + "/userdata";
  world.Add(World::Isolated(400, 1, 4, "/kubepods/pod1/crio-" + crio));
  world.File(store + "/pidfile", "400");
  world.File(store + "/config.json", text);
  world.Add(World::Isolated(500, 1, 5, "/jobs/one"));
  world.File("/run/runc/one/state.json", text);
  world.Add({.pid = 590, .cgroup = "/s", .program = "/usr/bin/conmon"});
  world.Add(World::Isolated(600, 590, 6, "/s"));
  world.Arguments(590, {"conmon", "-c", text, "-n", text});
  return world;
}

void RequireLabels(const World& world, const Container& container) {
  if (!container.claims) return;
  for (const ClaimedLabel& label : container.claims->labels) {
    const auto key = world.TextOf(label.key);
    Require(key == "*" || key == "app");
    Require(world.TextOf(label.value).size() <= 256);
  }
}

}  // namespace

// Whatever a claim says, the containers are the kernel's: as many, with the same init and cgroup.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  auto world = WorldWith(std::string(reinterpret_cast<const char*>(bytes), size));
  world.Attribute();
  Require(world.snapshot.containers.size() == 6);
  for (const int pid : {100, 200, 300, 400, 500, 600}) {
    const auto* container = world.ContainerOf(pid);
    Require(container != nullptr && world.InitOf(*container) == pid);
    Require(container->members.size() == 1 && container->container_class != ContainerClass::kVm);
    Require(world.TextOf(container->name).size() <= 256);
    Require(!world.TextOf(container->id).empty());
    RequireLabels(world, *container);
    if (pid != 600) Require(world.CgroupOf(*container) != "none");
  }
  return 0;
}
