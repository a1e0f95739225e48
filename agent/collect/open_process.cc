// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/open_process.h"

#include <expected>
#include <string>
#include <utility>

#include "agent/base/file.h"
#include "agent/collect/collect.h"
#include "agent/parse/proc_stat.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {

Fact<int> ProcessDirectory::Open() {
  if (directory_) return *directory_;
  auto opened = OpenDirectory(proc_, name_.c_str());
  if (opened) {
    own_ = std::move(*opened);
    directory_ = own_.get();
  } else {
    directory_ = std::unexpected(opened.error());
  }
  return *directory_;
}

Fact<Fd> OpenProcess(const Roots& roots, ReadBuffer& buffer, const Process& process) {
  const auto name = std::to_string(std::to_underlying(process.pid));
  auto directory = OpenDirectory(roots.proc.get(), name.c_str());
  if (!directory) return directory;
  const auto text = buffer.Read(directory->get(), "stat");
  if (!text) return std::unexpected(text.error());
  const auto stat = ParseProcStat(*text);
  if (!stat) return std::unexpected(stat.error());
  if (stat->facts.start != process.stat.start) return Missing(ErrorCode::kVanished);
  return directory;
}

}  // namespace hullmark
