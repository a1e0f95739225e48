// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/seccomp.h"
#include "hullmark/snapshot.h"
#include "hullmark/syscalls.h"

namespace hullmark::testing {

// The rules of a call with this number.
using Answers = std::function<CallRules(Abi, std::uint32_t)>;

// Denies what is not named, and everything on other architectures than x86_64's native one.
Answers AllowOnly(std::vector<std::string> calls);

// A host with one hardened container in which every fact is readable: a test bends the fact that
// it speaks of. Processes and containers are named by their index.
class Scene {
 public:
  Scene();

  Snapshot snapshot;

  Process& process(std::size_t at = 0) { return snapshot.processes[at]; }
  Task& task(std::size_t at = 0) { return process(at).leader; }
  ProcStatus& status(std::size_t at = 0) { return *task(at).status; }
  Container& container(std::size_t at = 0) { return snapshot.containers[at]; }
  Member& member(std::size_t at = 0) { return container().members[at]; }

  // A copy of process `like`, a member of `container`.
  std::size_t AddProcess(std::size_t like = 0, std::size_t container = 0);

  // A container with an init of its own, in namespaces of its own.
  std::size_t AddContainer(std::string_view name);

  // Puts a process into the host's namespace of a kind, or into that of another process.
  void UseHost(NamespaceKind kind, std::size_t process = 0);
  void Join(NamespaceKind kind, std::size_t process, std::size_t other);

  // A user namespace with the given maps for a process.
  void UseMaps(IdMap uid_map, IdMap gid_map, std::size_t process = 0);
  void SetIds(IdQuadruple<std::uint32_t> uid, IdQuadruple<std::uint32_t> gid,
              std::size_t process = 0);

  // What the filters of a process answer, see Answers.
  void SetAnswers(const Answers& answers, std::size_t process = 0);

  void SetLabel(Label::Module module, std::string_view text, std::size_t process = 0);

  // Every fact of every record, and of the host, becomes this fault.
  void FailEverything(Fault fault);

  TaskView View(std::size_t process = 0, std::size_t container = 0) const;
  TaskView ThreadView(const Task& task, std::size_t process = 0, std::size_t container = 0) const;

 private:
  void UseOwnNamespaces(std::size_t process);
  std::uint32_t next_inode_ = 4026532000;
};

// Runs the check `id` of a table on a process' leader, a container or the host, by its scope.
Verdict Judge(std::span<const Check> checks, std::string_view id, const Scene& scene,
              const Params& params = {}, EvidenceOut out = nullptr, std::size_t at = 0);

// The lines of evidence of the same, "source: fact", for comparison with literals.
std::vector<std::string> Proof(std::span<const Check> checks, std::string_view id,
                               const Scene& scene, const Params& params = {}, std::size_t at = 0);

const Check& FindCheck(std::span<const Check> checks, std::string_view id);

inline Params Of(std::initializer_list<ParamValue> values) { return Params(values); }
inline ParamValue Strings(std::initializer_list<std::string> values) {
  return std::vector<std::string>(values);
}

}  // namespace hullmark::testing
