// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/collect/world.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/collect/collect.h"
#include "hullmark/ids.h"

namespace hullmark {

std::string StatOf(const ProcFiles& process) {
  std::string text = std::to_string(process.pid) + " (" + std::string(process.name) + ") " +
                     process.state + " " + std::to_string(process.parent);
  for (int field = 5; field <= 52; ++field) {
    const std::uint64_t value = field == 9    ? process.flags
                                : field == 20 ? static_cast<std::uint64_t>(process.threads)
                                : field == 22 ? process.start
                                : field == 26 ? 0x1000 * static_cast<std::uint64_t>(process.image)
                                              : 0;
    text += " " + std::to_string(value);
  }
  return text + "\n";
}

std::string StatusTextOf(const ProcFiles& process) {
  const auto ids = [](int id) {
    const std::string one = "\t" + std::to_string(id);
    return one + one + one + one + "\n";
  };
  const std::string pid = std::to_string(process.pid);
  const std::string none = "\t0000000000000000\n";
  return "Name:\t" + std::string(process.name) + "\nUid:" + ids(process.uid) + "Gid:" + ids(0) +
         "Groups:\t \nNSpid:\t" + pid + "\nThreads:\t" + std::to_string(process.threads) +
         "\nCapInh:" + none + "CapPrm:" + none + "CapEff:\t" + std::string(process.effective) +
         "\nCapBnd:" + none + "CapAmb:" + none + "NoNewPrivs:\t0\nSeccomp:\t0\n";
}

std::string MountLineOf(int id, std::string_view root, std::string_view point,
                        std::string_view type, std::string_view super_options) {
  return std::to_string(id) + " 1 0:" + std::to_string(id) + " " + std::string(root) + " " +
         std::string(point) + " rw - " + std::string(type) + " none " + std::string(super_options) +
         "\n";
}

CollectWorld::CollectWorld() {
  for (const char* const name : {"proc/self", "sys", "cgroup", "host"}) tree.MakeDirectory(name);
}

void CollectWorld::AddProcess(const std::string& directory, const ProcFiles& process) const {
  const std::string place = "proc/" + directory + "/";
  tree.Write(place + "stat", StatOf(process));
  tree.Write(place + "status", StatusTextOf(process));
  tree.Write(place + "cgroup", "0::/\n");
  tree.Write(place + "mountinfo", MountLineOf(1, "/", "/", "ext4", "rw"));
  tree.Write(place + "uid_map", "0 0 4294967295\n");
  tree.Write(place + "gid_map", "0 0 4294967295\n");
  AddNamespaces(directory);
}

void CollectWorld::AddNamespaces(const std::string& directory, std::uint32_t inode) const {
  static constexpr std::array<std::uint32_t, kNamespaceKinds> kHost = {
      4026531841, 4026531836, 4026531840, 4026531839,
      4026531838, 4026531837, 4026531835, 4026531834};
  const std::string folder = "proc/" + directory + "/ns/";
  for (std::size_t at = 0; at < kNamespaceKinds; ++at) {
    const std::string name(kNamespaceNames[at]);
    std::string target = name;
    target.append(":[").append(std::to_string(inode == 0 ? kHost[at] : inode)).append("]");
    tree.Link(folder + name, target);
  }
}

Roots CollectWorld::OpenAll() const {
  Roots roots;
  roots.proc = tree.Open("proc");
  roots.sys = tree.Open("sys");
  roots.cgroup = tree.Open("cgroup");
  roots.host = tree.Open("host");
  roots.plain = true;
  return roots;
}

}  // namespace hullmark
