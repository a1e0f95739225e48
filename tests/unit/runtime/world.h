// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/runtime/attribute.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// A process to be. Namespaces are numbers: 0 is the host's, any other a namespace of that number.
struct Spec {
  int pid = 0;
  int parent = 1;
  std::string cgroup = "/";
  int mnt = 0, pids = 0, net = 0, ipc = 0, uts = 0, user = 0;
  int number = 0;  // Its pid in its innermost namespace.
  int start = 0;   // 0: as its pid.
  std::string program = "/bin/app";
  std::uint32_t program_mount = 0;  // Mount id; 0: unknown.
  std::uint32_t uid = 0;
};

// A host in memory: processes and claim files by hand, everything they need besides by itself.
class World {
 public:
  enum class Layout : std::uint8_t { kV2, kHybrid };

  explicit World(Layout layout = Layout::kV2);

  static constexpr std::uint32_t kHostMount = 27;  // Id of the host's "/" mount.

  // The mount namespace of number `mnt` has `root` of device 0:`device` as its root; without it a
  // new number has a root of its own, 0:<1000 + number>.
  void Root(int mnt, std::uint32_t device, std::string_view root = "/");
  void HostRoot(int mnt);
  void NoRoot(int mnt);  // Nothing in its table says what its root is.

  // The init of a container: mount, pid, net, ipc and uts namespaces of `number`, pid 1 inside.
  static Spec Isolated(int pid, int parent, int number, std::string cgroup);

  Process& Add(const Spec& spec);
  // The cgroup of a process in the hierarchies that `per_hierarchy` names, "/" in the others.
  void Place(int pid, const std::map<std::string, std::string>& per_hierarchy);

  // Written at `written_at`, by which it can be told from what was there before.
  void File(std::string path, std::string text, std::uint32_t owner = 0);
  void Unreadable(std::string path) { denied_.insert(std::move(path)); }
  void Arguments(int pid, std::vector<std::string> arguments);
  void Home(std::uint32_t uid, std::string path) { homes_[uid] = std::move(path); }
  void RunsMachine(int pid) { machines_.insert(pid); }

  HostReader Reader() const;
  void Attribute(KeptClaims* kept = nullptr) {
    AttributeContainers(snapshot, Reader(), label_keys, kept);
  }
  // How often somebody has read it.
  int ReadsOf(const std::string& path) const {
    const auto at = reads_.find(path);
    return at == reads_.end() ? 0 : at->second;
  }

  Process& Of(int pid);
  // The container that a process is a member of; nullptr for none.
  const Container* ContainerOf(int pid) const;
  const Member* MemberOf(int pid) const;
  std::string TextOf(StringId id) const { return std::string(snapshot.Text(id)); }
  std::string CgroupOf(const Container& container) const;
  int InitOf(const Container& container) const;
  std::vector<int> PidsOf(const Container& container) const;
  std::vector<std::string> NotesOf(const Container& container) const;

  Snapshot snapshot;
  std::vector<std::string> label_keys{};  // To read, ascending.
  Timestamp written_at{};                 // Of files to come.

 private:
  void AddMounts(int mnt, std::optional<Mount> root);
  MembershipIndex MembershipOf(const std::map<std::string, std::string>& per_hierarchy,
                               std::string_view otherwise);
  CgroupIndex CgroupAt(HierarchyIndex hierarchy, std::string_view path);

  std::map<std::string, ClaimFile, std::less<>> files_;
  std::map<std::string, FileIdentity, std::less<>> identities_;
  mutable std::map<std::string, int> reads_;
  std::set<std::string, std::less<>> denied_;
  std::map<int, std::vector<std::string>> arguments_;
  std::map<std::uint32_t, std::string> homes_;
  std::set<int> machines_;
};

// 64 digits, as the ids of most runtimes: `digit` over and over.
std::string Id(char digit);

}  // namespace hullmark
