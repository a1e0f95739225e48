// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/site.h"

#include <unistd.h>

#include <expected>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "agent/cli/command.h"
#include "agent/cli/inputs.h"
#include "agent/config/config.h"
#include "agent/config/waivers.h"
#include "hullmark/result.h"
#include "hullmark/waiver.h"

namespace hullmark {

Result<GlobalOptions> ApplyConfig(const std::string& standard, GlobalOptions typed) {
  GlobalOptions global = std::move(typed);
  if (!global.given("--config")) {
    global.config = access(standard.c_str(), F_OK) == 0 ? standard : "";
  }
  if (global.config.empty()) {
    global.site = {};
    return global;
  }
  const auto text = ReadSiteFile(global.config);
  if (!text) return std::unexpected(text.error());
  auto config = LoadConfig(*text, global.config);
  if (!config) return std::unexpected(std::move(config.error()));
  const auto open = [&](const char* option) { return !global.given(option); };
  if (open("--benchmark")) global.benchmark = config->benchmark;
  if (open("--overrides")) global.overrides = config->overrides;
  if (open("--waivers")) global.waivers = config->waivers;
  if (open("--proc-root")) global.roots.proc = config->proc_root;
  if (open("--sys-root")) global.roots.sys = config->sys_root;
  if (open("--cgroup-root")) global.roots.cgroup = config->cgroup_root;
  global.site = std::move(*config);
  return global;
}

Result<std::vector<Waiver>> LoadChosenWaivers(const GlobalOptions& global) {
  std::vector<Waiver> all;
  for (const std::string& path : global.waivers) {
    const auto text = ReadSiteFile(path);
    if (!text) return std::unexpected(text.error());
    auto waivers = LoadWaivers(*text, path);
    if (!waivers) return std::unexpected(std::move(waivers.error()));
    all.insert(all.end(), std::make_move_iterator(waivers->begin()),
               std::make_move_iterator(waivers->end()));
  }
  return all;
}

}  // namespace hullmark
