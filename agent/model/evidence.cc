// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <string_view>
#include <utility>

#include "hullmark/check.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

bool IsRelative(std::string_view source) { return !source.empty() && source.front() != '/'; }

}  // namespace

bool IsOfProcess(const Evidence& line) { return !line.cgroup && IsRelative(line.source); }

std::string PathOf(const Snapshot& snapshot, const Report& report, const FindingEvidence& line) {
  const std::string_view source = report.strings[line.source];
  if (line.cgroup) return PathOfFile(snapshot, *line.cgroup, source);
  if (!line.pid || !IsRelative(source)) return std::string(source);
  std::string path = "/proc/" + std::to_string(std::to_underlying(*line.pid));
  if (line.tid) path += "/task/" + std::to_string(std::to_underlying(*line.tid));
  return path.append("/").append(source);
}

}  // namespace hullmark
