// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/kept_filters.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "agent/collect/collect.h"
#include "agent/collect/filters.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

// Those that the kernel would not have taken, or of which it has noted something else.
std::ptrdiff_t CountContradictions(const Snapshot& snapshot) {
  return std::ranges::count_if(snapshot.seccomp_filters, [](const SeccompFilters& filters) {
    return !filters.rules && filters.rules.error().code == ErrorCode::kMalformed;
  });
}

}  // namespace

KeptFilters::KeptFilters(FilterSource source, Error why_not)
    : source_(std::move(source)), why_not_(std::move(why_not)) {}

void KeptFilters::Read(const CollectOptions& options, Snapshot& snapshot) {
  tasks_denied_ = 0;
  denied_ = why_not_;
  if (source_) {
    auto records = source_();
    if (records) {
      return AddFilters(*records, options.threads ? options.most_threads : 0, snapshot);
    }
    denied_ = std::move(records.error());
  }
  tasks_denied_ = DenyFilters({.code = denied_.code}, snapshot);
}

void KeptFilters::Decode(Snapshot& snapshot) {
  decoder_.Decode(snapshot);
  auto& problems = snapshot.vantage.problems;
  if (tasks_denied_ > 0 && !denied_.message.empty()) {
    problems.push_back({.id = "seccomp-content",
                        .text = denied_.message + ": what seccomp filters permit is not known",
                        .remedy = "collect.source: auto, CAP_BPF and CAP_PERFMON, and a kernel "
                                  "that describes its types (/sys/kernel/btf/vmlinux)"});
  }
  if (const auto count = CountContradictions(snapshot); count > 0) {
    problems.push_back({.id = "seccomp-notes",
                        .text = "Seccomp filters whose programs are not what the kernel has noted "
                                "of them, and are unknown: " +
                                std::to_string(count) + ".",
                        .remedy = "please report this kernel, with a snapshot"});
  }
}

}  // namespace hullmark
