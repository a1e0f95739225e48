// SPDX-License-Identifier: Apache-2.0
#include "agent/sinks/metrics/read_errors.h"

#include <array>
#include <cstddef>
#include <string_view>

#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::array<std::string_view, kNamespaceKinds> kNamespaceFiles = {
    "ns/mnt", "ns/pid", "ns/net", "ns/ipc", "ns/uts", "ns/user", "ns/cgroup", "ns/time"};

bool IsReadError(ErrorCode code) {
  switch (code) {
    case ErrorCode::kDenied:
    case ErrorCode::kVanished:
    case ErrorCode::kMalformed:
    case ErrorCode::kTruncated:
    case ErrorCode::kIo:
      return true;
    case ErrorCode::kNotFound:
    case ErrorCode::kUnsupported:
    case ErrorCode::kVantage:
    case ErrorCode::kNotRead:
      return false;
  }
  return false;
}

template <typename T>
void Count(ReadErrors& errors, std::string_view file, const Fact<T>& fact) {
  if (!fact && IsReadError(fact.error().code)) ++errors[{file, fact.error().error_number}];
}

void CountTask(ReadErrors& errors, const Task& task) {
  Count(errors, "status", task.status);
  Count(errors, "attr/current", task.label);
  Count(errors, "cgroup", task.cgroup);
  for (std::size_t kind = 0; kind < kNamespaceKinds; ++kind) {
    Count(errors, kNamespaceFiles[kind], task.namespaces[static_cast<NamespaceKind>(kind)]);
  }
}

}  // namespace

ReadErrors ReadErrorsOf(const Snapshot& snapshot) {
  ReadErrors errors;
  for (const Process& process : snapshot.processes) {
    CountTask(errors, process.leader);
    Count(errors, "exe", process.executable);
    Count(errors, "limits", process.rlimits);
    Count(errors, "fd", process.stdio);
    Count(errors, "cmdline", process.invocation);
    Count(errors, "oom_score_adj", process.oom_score_adj);
  }
  for (const Thread& thread : snapshot.threads) CountTask(errors, thread.task);
  for (const UserNamespace& user : snapshot.user_namespaces) {
    Count(errors, "uid_map", user.uid_map);
    Count(errors, "gid_map", user.gid_map);
  }
  for (const MountNamespace& mount : snapshot.mount_namespaces) {
    Count(errors, "mountinfo", mount.mounts);
  }
  return errors;
}

}  // namespace hullmark
