// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstdio>
#include <exception>
#include <utility>

#include "agent/cli/command.h"
#include "agent/collect/collector.h"
#include "hullmark/ids.h"

namespace {

hullmark::Timestamp Now() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return hullmark::Timestamp{
      std::chrono::duration_cast<std::chrono::nanoseconds>(since_epoch).count()};
}

}  // namespace

int main(int count, char** arguments) {
  try {
    return std::to_underlying(hullmark::Run(count, arguments,
                                            {.roots = {},
                                             .config = "/etc/hullmark/hullmark.yaml",
                                             .now = Now,
                                             .version = HULLMARK_VERSION,
                                             .open_tasks = hullmark::OpenTasks}));
  } catch (const std::exception& error) {
    // A bug: nothing here is meant to throw. It must not look like any of the exit statuses.
    std::fprintf(stderr, "hullmark: internal error: %s\n", error.what());
    constexpr int kInternalError = 70;  // EX_SOFTWARE of sysexits.h
    return kInternalError;
  }
}
