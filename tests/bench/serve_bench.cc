// SPDX-License-Identifier: Apache-2.0
// serve_bench: a gateway that serves 100,000 series, until standard input ends. Prints its process
// and address; the body is written to the file that is named. Called as the gateway it is one.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "agent/cli/command.h"
#include "agent/daemon/child.h"
#include "agent/daemon/gateway_process.h"
#include "agent/gateway/documents.h"
#include "agent/sinks/metrics/exposition.h"
#include "agent/sinks/metrics/self_metrics.h"
#include "hullmark/ids.h"
#include "tests/bench/crowd.h"
#include "tests/unit/sinks/world.h"

namespace hullmark::bench {
namespace {

bool WriteFile(const char* path, std::string_view body) {
  std::FILE* const file = std::fopen(path, "w");
  if (file == nullptr) return false;
  const bool whole = std::fwrite(body.data(), 1, body.size(), file) == body.size();
  return std::fclose(file) == 0 && whole;
}

int Serve(const char* address, const char* copy) {
  const testing::World world = Crowd();
  SelfMetrics self("0", "");
  self.Describe(world.Input());
  Exposition exposition({.max_series = 1'000'000});
  const std::string_view body = exposition.Render(world.Input(), self);
  DocumentsWriter writer;
  writer.Add("/metrics", DocumentType::kMetrics, Compression::kGzip,
             [&](const BodySink& sink) { sink(body); });
  auto documents = writer.Seal({.sequence = 1, .made_at = {}, .fresh_for = std::chrono::hours(1)});
  GatewayProcess gateway(
      {"serve_bench", "gateway", "--fd", std::to_string(kChannelFd), "--listen", address});
  const auto now = [] { return std::chrono::steady_clock::now(); };
  if (!WriteFile(copy, body) || !documents || !gateway.Start(now(), [] { return false; })) return 1;
  gateway.Publish(std::move(*documents), 1);
  (void)std::printf("%d %zu\n", std::to_underlying(*gateway.pid()), exposition.series());
  (void)std::fflush(stdout);
  char byte = 0;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
  return 0;
}

}  // namespace
}  // namespace hullmark::bench

int main(int count, char** arguments) {
  if (count > 1 && std::string_view(arguments[1]) == "gateway") {
    const auto exit = hullmark::Run(
        count, arguments,
        {.roots = {}, .config = "", .now = [] { return hullmark::Timestamp{}; }, .version = "0"});
    return static_cast<int>(exit);
  }
  if (count != 3) return 2;
  return hullmark::bench::Serve(arguments[1], arguments[2]);
}
