// SPDX-License-Identifier: Apache-2.0
#include "agent/bpf/task_iterator.h"

#include <bpf/libbpf.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent/bpf/iteration.h"
#include "agent/bpf/loading.h"
#include "agent/bpf/task_record.h"
#include "agent/bpf/tasks.skel.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

struct Destroy {
  void operator()(tasks_bpf* skeleton) const { tasks_bpf__destroy(skeleton); }
  void operator()(bpf_link* link) const { bpf_link__destroy(link); }
};

// Sorts records into their places, within bounds.
class Sorter {
 public:
  Sorter(const RecordBounds& bounds, TaskRecords& records) : bounds_(bounds), records_(records) {}

  void Take(const TaskRecord& record) {
    if (record.tid == record.tgid) {
      records_.truncated = records_.truncated || records_.leaders.size() == bounds_.most_leaders;
      if (!records_.truncated) records_.leaders.push_back(record);
      return;
    }
    const bool room = ++taken_[record.tgid] <= bounds_.most_threads &&
                      records_.threads.size() < bounds_.most_threads_of_all;
    if (room) {
      records_.threads.push_back(record);
    } else {
      ++records_.threads_left[record.tgid];
    }
  }

 private:
  const RecordBounds& bounds_;
  TaskRecords& records_;
  std::unordered_map<int, std::size_t> taken_;  // By tgid.
};

}  // namespace

struct TaskIterator::Program {
  std::unique_ptr<tasks_bpf, Destroy> skeleton;
  std::unique_ptr<bpf_link, Destroy> link;

  static Result<void> Visit(const bpf_link& pass,
                            const std::function<void(const TaskRecord&)>& take);
};

Result<void> TaskIterator::Program::Visit(const bpf_link& pass,
                                          const std::function<void(const TaskRecord&)>& take) {
  return Iterate(bpf_link__fd(&pass), sizeof(TaskRecord), [&](const char* bytes) {
    TaskRecord record;
    std::memcpy(&record, bytes, sizeof record);
    take(record);
  });
}

TaskIterator::TaskIterator(std::unique_ptr<Program> program) : program_(std::move(program)) {}
TaskIterator::TaskIterator(TaskIterator&& other) noexcept = default;
TaskIterator& TaskIterator::operator=(TaskIterator&& other) noexcept = default;
TaskIterator::~TaskIterator() = default;

Result<TaskIterator> TaskIterator::Load(const std::string& types) {
  if (auto there = Loading::CheckTypes(); !there) return std::unexpected(there.error());
  Loading loading;
  bpf_object_open_opts options = {};
  loading.Prepare(options);
  if (!types.empty()) options.btf_custom_path = types.c_str();
  auto program = std::make_unique<Program>();
  program->skeleton.reset(tasks_bpf__open_opts(&options));
  if (!program->skeleton) return loading.Failure(errno);
  if (const int error = tasks_bpf__load(program->skeleton.get()); error != 0) {
    return loading.Failure(-error);
  }
  program->link.reset(bpf_program__attach_iter(program->skeleton->progs.write_tasks, nullptr));
  if (!program->link) return loading.Failure(errno);
  return TaskIterator(std::move(program));
}

Result<void> TaskIterator::Visit(const std::function<void(const TaskRecord&)>& take) {
  program_->skeleton->bss->kernel_threads = 0;
  return Program::Visit(*program_->link, take);
}

// A kernel that does not know of a single task goes through all of them.
Result<TaskRecord> TaskIterator::ReadOne(int tgid) {
  bpf_iter_link_info which = {};
  which.task.tid = static_cast<__u32>(tgid);
  bpf_iter_attach_opts options = {};
  options.sz = sizeof options;
  options.link_info = &which;
  options.link_info_len = sizeof which;
  const std::unique_ptr<bpf_link, Destroy> link(
      bpf_program__attach_iter(program_->skeleton->progs.write_tasks, &options));
  if (!link) {
    const bool unknown = errno == EINVAL || errno == E2BIG;
    return Fail(unknown ? ErrorCode::kUnsupported : ErrorCode::kIo,
                "bpf: one task: " + std::string(std::strerror(errno)));
  }
  std::optional<TaskRecord> found;
  bool others = false;
  const auto visited = Program::Visit(*link, [&](const TaskRecord& record) {
    if (record.tid == tgid) {
      found = record;
    } else {
      others = true;
    }
  });
  if (!visited) return std::unexpected(visited.error());
  if (others) return Fail(ErrorCode::kUnsupported, "bpf: one task: this kernel tells of all");
  if (!found) return Fail(ErrorCode::kVanished, "bpf: one task: there is none of this number");
  return *found;
}

Result<TaskRecords> TaskIterator::Read(const RecordBounds& bounds) {
  TaskRecords records;
  Sorter sorter(bounds, records);
  const auto visited = Visit([&sorter](const TaskRecord& record) { sorter.Take(record); });
  if (!visited) return std::unexpected(visited.error());
  records.kernel_threads = program_->skeleton->bss->kernel_threads;
  return records;
}

}  // namespace hullmark
