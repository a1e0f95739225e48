// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <array>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "agent/base/file.h"
#include "agent/bpf/filter_reader.h"
#include "agent/bpf/task_iterator.h"
#include "agent/collect/collect.h"
#include "agent/collect/collector.h"
#include "agent/collect/exec_reader.h"
#include "agent/parse/namespace_link.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {
// Records number processes, users and times as the first namespaces do, and list the processes of
// our own pid namespace: that has to be the one whose processes this procfs shows.
std::string WhyRecordsDiffer(const Roots& roots) {
  struct First {
    NamespaceKind kind;
    const char* link;
    NamespaceInode inode;  // include/linux/proc_ns.h
  };
  static constexpr std::array kFirst = {
      First{NamespaceKind::kPid, "self/ns/pid", NamespaceInode{0xEFFFFFFC}},
      First{NamespaceKind::kUser, "self/ns/user", NamespaceInode{0xEFFFFFFD}}};
  ReadBuffer buffer(4096);
  const auto self = buffer.ReadLink(roots.proc.get(), "self");
  if (!self || *self != std::to_string(getpid())) {
    return "bpf: /proc shows the processes of another pid namespace";
  }
  for (const First& first : kFirst) {
    const auto link = buffer.ReadLink(roots.proc.get(), first.link);
    if (!link || ParseNamespaceLink(*link, first.kind) != first.inode) {
      return "bpf: hullmark runs in a " +
             std::string(kNamespaceNames[std::to_underlying(first.kind)]) + " namespace of its own";
    }
  }
  return {};
}

namespace {

void OpenRecords(Tasks& tasks) {
  auto loaded = TaskIterator::Load();
  if (!loaded) {
    tasks.why_not = std::move(loaded.error().message);
    return;
  }
  const auto iterator = std::make_shared<TaskIterator>(std::move(*loaded));
  tasks.records = [iterator](const RecordBounds& bounds) { return iterator->Read(bounds); };
}

void OpenFilters(Tasks& tasks) {
  auto loaded = FilterReader::Load();
  if (!loaded) {
    tasks.no_filters = std::move(loaded.error());
    return;
  }
  const auto reader = std::make_shared<FilterReader>(std::move(*loaded));
  tasks.filters = [reader] { return reader->Read(); };
}

}  // namespace

Tasks OpenTasks(const Roots& roots, bool insisted) {
  Tasks tasks{.insisted = insisted};
  // Nobody wonders why files are read from files.
  if (roots.plain && !insisted) return tasks;
  tasks.why_not = roots.plain ? "bpf: plain roots are no kernel's" : WhyRecordsDiffer(roots);
  if (tasks.why_not.empty()) {
    OpenRecords(tasks);
    OpenFilters(tasks);
  } else {
    tasks.no_filters = {.code = ErrorCode::kVantage, .message = tasks.why_not};
  }
  return tasks;
}

Result<ExecReader::ReadRecord> OpenOneTask(const Roots& roots) {
  if (std::string why = WhyRecordsDiffer(roots); !why.empty()) {
    return Fail(ErrorCode::kVantage, std::move(why));
  }
  auto loaded = TaskIterator::Load();
  if (!loaded) return std::unexpected(std::move(loaded.error()));
  if (const auto own = loaded->ReadOne(getpid()); !own) return std::unexpected(own.error());
  const auto iterator = std::make_shared<TaskIterator>(std::move(*loaded));
  return [iterator](Pid process) { return iterator->ReadOne(std::to_underlying(process)); };
}

}  // namespace hullmark
