// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/compare_tasks.h"

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "hullmark/caps.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

// ---- facts as text: what is equal reads alike, in whatever row of whichever table it lies

template <typename T>
  requires std::integral<T>
std::string Text(const Snapshot& /*of*/, T value) {
  return std::to_string(value);
}
template <typename T>
  requires std::is_enum_v<T>
std::string Text(const Snapshot& /*of*/, T value) {
  return std::to_string(std::to_underlying(value));
}
std::string Text(const Snapshot& of, StringId text) { return std::string(of.Text(text)); }
std::string Text(const Snapshot& of, CapSet caps) { return Text(of, caps.bits()); }
std::string Text(const Snapshot& of, const DeviceNumber& device) {
  return Text(of, device.major) + ":" + Text(of, device.minor);
}
template <typename T>
std::string Text(const Snapshot& of, const std::optional<T>& value) {
  return value ? Text(of, *value) : "none";
}
template <typename Id>
std::string Text(const Snapshot& of, const IdQuadruple<Id>& ids) {
  return Text(of, ids.real) + " " + Text(of, ids.effective) + " " + Text(of, ids.saved) + " " +
         Text(of, ids.fs);
}
std::string Text(const Snapshot& of, const Rlimit& limit) {
  return Text(of, limit.soft) + "/" + Text(of, limit.hard);
}
std::string Text(const Snapshot& of, const IdExtent& extent) {
  return Text(of, extent.inside) + " " + Text(of, extent.outside) + " " + Text(of, extent.count);
}
template <typename Range>
std::string Words(const Snapshot& of, const Range& range) {
  std::string words;
  for (const auto& word : range) words += (words.empty() ? "" : ", ") + Text(of, word);
  return words;
}
std::string Text(const Snapshot& of, const IdMap& map) { return Words(of, map); }
std::string Text(const Snapshot& of, GroupListIndex at) {
  return Words(of, of.group_lists[static_cast<std::size_t>(at)]);
}
std::string Text(const Snapshot& of, LabelIndex at) {
  return Text(of, of.labels[static_cast<std::size_t>(at)].text);
}
std::string Text(const Snapshot& of, MembershipIndex at) {
  std::string text;
  for (const CgroupIndex index : of.At(at).cgroups) {
    const Cgroup& cgroup = of.At(index);
    const auto hierarchy = static_cast<std::size_t>(cgroup.hierarchy);
    text += Text(of, of.hierarchies[hierarchy].name) + ":" + Text(of, cgroup.path) + " ";
  }
  return text + (of.At(at).outside_view ? "outside" : "");
}
std::string Text(const Snapshot& of, ExecutableIndex at) {
  const Executable& file = of.executables[static_cast<std::size_t>(at)];
  return Text(of, file.path) + " " + Text(of, file.device) + " " + Text(of, file.inode) +
         " links " + Text(of, file.links) + " mount " + Text(of, file.mount_id);
}
std::string Text(const Snapshot& of, RlimitsIndex at) {
  const Rlimits& limits = of.rlimits[static_cast<std::size_t>(at)];
  return "nofile " + Text(of, limits.nofile) + " nproc " + Text(of, limits.nproc) + " core " +
         Text(of, limits.core) + " memlock " + Text(of, limits.memlock);
}
std::string Text(const Snapshot& of, StdioIndex at) {
  const Stdio& stdio = of.stdios[static_cast<std::size_t>(at)];
  return Words(of, stdio.kind) + " sockets " + Words(of, stdio.socket);
}
std::string Text(const Snapshot& of, InvocationIndex at) {
  const Invocation& call = of.invocations[static_cast<std::size_t>(at)];
  return Text(of, call.program) + (call.command_option ? " -c" : "") +
         (call.interactive_option ? " -i" : "") + (call.operand ? " operand" : "");
}

// ---- comparing

bool IsDenied(const Fault& fault) { return fault.code == ErrorCode::kDenied; }

class Comparer {
 public:
  Comparer(const Snapshot& bpf, const Snapshot& proc) : bpf_(bpf), proc_(proc) {}

  void CompareAll(bool sampled);
  TaskComparison Take() { return std::move(result_); }

 private:
  void Add(std::string_view field, std::string bpf, std::string proc) {
    result_.differences.push_back(
        {.pid = pid_, .tid = tid_, .field = field, .bpf = std::move(bpf), .proc = std::move(proc)});
  }
  template <typename T>
  void Values(std::string_view field, const T& bpf, const T& proc) {
    auto of_bpf = Text(bpf_, bpf);
    auto of_proc = Text(proc_, proc);
    if (of_bpf != of_proc) Add(field, std::move(of_bpf), std::move(of_proc));
  }
  // Whether both have it.
  template <typename T>
  bool BothHave(std::string_view field, const Fact<T>& bpf, const Fact<T>& proc) {
    if (bpf && proc) return true;
    const auto text = [](const Fact<T>& fact) {
      return fact ? "readable" : std::string(NameOf(fact.error().code));
    };
    if (bpf.has_value() == proc.has_value() && text(bpf) == text(proc)) return false;
    if ((!bpf && IsDenied(bpf.error())) || (!proc && IsDenied(proc.error()))) {
      ++result_.one_sided;
    } else {
      Add(field, text(bpf), text(proc));
    }
    return false;
  }
  template <typename T>
  void Facts(std::string_view field, const Fact<T>& bpf, const Fact<T>& proc) {
    if (BothHave(field, bpf, proc)) Values(field, *bpf, *proc);
  }
  void CompareStatus(const ProcStatus& bpf, const ProcStatus& proc);
  void CompareTask(const Task& bpf, const Task& proc);
  void CompareProcess(const Process& bpf, const Process& proc);
  void CompareThreads(std::span<const Thread> bpf, std::span<const Thread> proc);
  void CompareMaps();
  void Only(std::string_view field, bool in_bpf) {
    Add(field, in_bpf ? "there" : "absent", in_bpf ? "absent" : "there");
  }

  const Snapshot& bpf_;
  const Snapshot& proc_;
  Pid pid_{};
  std::optional<Pid> tid_;
  TaskComparison result_;
};

void Comparer::CompareStatus(const ProcStatus& bpf, const ProcStatus& proc) {
  Values("CapInh", bpf.inheritable, proc.inheritable);
  Values("CapPrm", bpf.permitted, proc.permitted);
  Values("CapEff", bpf.effective, proc.effective);
  Values("CapBnd", bpf.bounding, proc.bounding);
  Values("CapAmb", bpf.ambient, proc.ambient);
  Values("Uid", bpf.uid, proc.uid);
  Values("Gid", bpf.gid, proc.gid);
  Values("Groups", bpf.groups, proc.groups);
  Values("NSpid", bpf.innermost_pid, proc.innermost_pid);
  Values("NSpid (numbers)", bpf.pid_depth, proc.pid_depth);
  Values("Threads", bpf.threads, proc.threads);
  Values("NoNewPrivs", bpf.no_new_privs, proc.no_new_privs);
  Values("Seccomp", bpf.seccomp, proc.seccomp);
  Values("Seccomp_filters", bpf.seccomp_filters, proc.seccomp_filters);
  Values("Kthread", bpf.kernel_thread, proc.kernel_thread);
}

void Comparer::CompareTask(const Task& bpf, const Task& proc) {
  static constexpr std::array<std::string_view, kNamespaceKinds> kFields = {
      "ns/mnt", "ns/pid", "ns/net", "ns/ipc", "ns/uts", "ns/user", "ns/cgroup", "ns/time"};
  if (BothHave("status", bpf.status, proc.status)) CompareStatus(*bpf.status, *proc.status);
  for (std::size_t at = 0; at < kNamespaceKinds; ++at) {
    const auto kind = static_cast<NamespaceKind>(at);
    Facts(kFields[at], bpf.namespaces[kind], proc.namespaces[kind]);
  }
  Facts("label", bpf.label, proc.label);
  Facts("cgroup", bpf.cgroup, proc.cgroup);
}

void Comparer::CompareProcess(const Process& bpf, const Process& proc) {
  ++result_.processes;
  CompareTask(bpf.leader, proc.leader);
  Values("start", bpf.stat.start, proc.stat.start);
  Values("PPid", bpf.stat.parent, proc.stat.parent);
  Values("tty", bpf.stat.tty, proc.stat.tty);
  Values("flags", bpf.stat.flags, proc.stat.flags);
  Values("threads unread", bpf.threads_unread, proc.threads_unread);
  Facts("exe", bpf.executable, proc.executable);
  Facts("limits", bpf.rlimits, proc.rlimits);
  Facts("fd", bpf.stdio, proc.stdio);
  Facts("cmdline", bpf.invocation, proc.invocation);
  Facts("oom_score_adj", bpf.oom_score_adj, proc.oom_score_adj);
}

void Comparer::CompareThreads(std::span<const Thread> bpf, std::span<const Thread> proc) {
  std::size_t at = 0;
  for (const Thread& thread : bpf) {
    for (; at < proc.size() && proc[at].tid < thread.tid; ++at) {
      tid_ = proc[at].tid;
      Only("thread", false);
    }
    tid_ = thread.tid;
    if (at == proc.size() || proc[at].tid != thread.tid) {
      Only("thread", true);
      continue;
    }
    ++result_.threads;
    CompareTask(thread.task, proc[at++].task);
  }
  for (; at < proc.size(); ++at) {
    tid_ = proc[at].tid;
    Only("thread", false);
  }
  tid_.reset();
}

void Comparer::CompareMaps() {
  for (const UserNamespace& space : bpf_.user_namespaces) {
    const UserNamespace* const other = FindUserNamespace(proc_, space.inode);
    if (other == nullptr) continue;
    const auto user = std::ranges::find_if(proc_.processes, [&](const Process& process) {
      return process.leader.namespaces[NamespaceKind::kUser] == space.inode;
    });
    pid_ = user == proc_.processes.end() ? Pid{} : user->pid;
    Facts("uid_map", space.uid_map, other->uid_map);
    Facts("gid_map", space.gid_map, other->gid_map);
  }
}

void Comparer::CompareAll(bool sampled) {
  std::size_t at = 0;
  for (std::size_t of_proc = 0; of_proc < proc_.processes.size(); ++of_proc) {
    const Process& proc = proc_.processes[of_proc];
    for (; at < bpf_.processes.size() && bpf_.processes[at].pid < proc.pid; ++at) {
      pid_ = bpf_.processes[at].pid;
      if (!sampled) Only("process", true);
    }
    pid_ = proc.pid;
    if (at == bpf_.processes.size() || bpf_.processes[at].pid != proc.pid) {
      Only("process", false);
      continue;
    }
    CompareProcess(bpf_.processes[at], proc);
    CompareThreads(RecordedThreads(bpf_, ProcessIndex{static_cast<std::uint32_t>(at)}),
                   RecordedThreads(proc_, ProcessIndex{static_cast<std::uint32_t>(of_proc)}));
    ++at;
  }
  for (; !sampled && at < bpf_.processes.size(); ++at) {
    pid_ = bpf_.processes[at].pid;
    Only("process", true);
  }
  CompareMaps();
  std::ranges::stable_sort(result_.differences, {}, &TaskDifference::pid);
}

}  // namespace

TaskComparison CompareTasks(const Snapshot& bpf, const Snapshot& proc, bool sampled) {
  Comparer comparer(bpf, proc);
  comparer.CompareAll(sampled);
  return comparer.Take();
}

}  // namespace hullmark
