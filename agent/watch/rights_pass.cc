// SPDX-License-Identifier: Apache-2.0
#include "agent/watch/rights_pass.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "agent/bpf/task_record.h"

namespace hullmark {
namespace {

std::uint64_t Mix(std::uint64_t state, std::uint64_t value) {
  constexpr std::uint64_t kFactor = 0x9E3779B97F4A7C15;
  constexpr unsigned kShift = 29;
  state = (state ^ value) * kFactor;
  return state ^ state >> kShift;
}

std::uint64_t DigestOf(const TaskRecord& task) {
  std::uint64_t digest = 1;
  for (const std::uint64_t part :
       {task.inheritable, task.permitted, task.effective, task.bounding, task.ambient}) {
    digest = Mix(digest, part);
  }
  for (const std::uint64_t part :
       {task.uid, task.euid, task.suid, task.fsuid, task.gid, task.egid, task.sgid, task.fsgid,
        task.no_new_privs, task.seccomp, task.seccomp_filters, task.group_count}) {
    digest = Mix(digest, part);
  }
  for (const std::uint32_t inode : task.namespaces) digest = Mix(digest, inode);
  for (std::uint32_t at = 0; at < std::min(task.group_count, unsigned{kMostRecordGroups}); ++at) {
    digest = Mix(digest, task.groups[at]);
  }
  return digest;
}

}  // namespace

void RightsPass::Take(const TaskRecord& record) {
  if (record.exit_state != 0 || (record.known & unsigned{kKnowsNamespaces}) == 0) return;
  const std::uint64_t digest = DigestOf(record);
  if (!first_ && !changed_) changed_ = IsNews(record, digest);
  now_.push_back({.tid = record.tid, .start = record.start, .digest = digest});
}

bool RightsPass::IsNews(const TaskRecord& record, std::uint64_t digest) {
  while (cursor_ < last_.size() && last_[cursor_].tid < record.tid) ++cursor_;
  const bool known = cursor_ < last_.size() && last_[cursor_].tid == record.tid &&
                     last_[cursor_].start == record.start;
  if (known) return last_[cursor_].digest != digest;
  // A thread is told only where it differs from its leader.
  if (record.tid != record.tgid) return true;
  const Rights* parent = Find(now_, record.parent);
  if (parent == nullptr) parent = Find(last_, record.parent);
  return parent == nullptr || parent->digest != digest;
}

const RightsPass::Rights* RightsPass::Find(const std::vector<Rights>& tasks, int tid) {
  const auto at = std::ranges::lower_bound(tasks, tid, {}, &Rights::tid);
  return at == tasks.end() || at->tid != tid ? nullptr : &*at;
}

bool RightsPass::End() {
  std::swap(last_, now_);
  now_.clear();
  cursor_ = 0;
  first_ = false;
  return std::exchange(changed_, false);
}

}  // namespace hullmark
