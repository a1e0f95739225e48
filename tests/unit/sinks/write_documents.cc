// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <ios>
#include <string>
#include <string_view>

#include "agent/sinks/event_json.h"
#include "agent/sinks/filter_sinks.h"
#include "agent/sinks/report_sinks.h"
#include "hullmark/check.h"
#include "hullmark/event.h"
#include "tests/unit/sinks/filter_scene.h"
#include "tests/unit/sinks/world.h"

// Writes the worlds of these tests as JSON reports, and events, into a directory, for the schema's
// test.
int main(int argc, char** argv) {
  using hullmark::testing::World;
  if (argc != 2) return 2;
  const auto save = [&](std::string_view name, const World& world) {
    std::ofstream file(std::string(argv[1]) + '/' + std::string(name) + ".json", std::ios::binary);
    file << hullmark::testing::Write(world, hullmark::WriteJsonReport);
    return static_cast<bool>(file.flush());
  };
  const auto save_event = [&](hullmark::EventKind kind, hullmark::Event event) {
    event.kind = kind;
    if (kind == hullmark::EventKind::kViolationChanged)
      event.former_severity = hullmark::Severity::kLow;
    std::ofstream file(std::string(argv[1]) + "/event_" + std::string(NameOf(kind)) + ".json");
    file << hullmark::EventLine(event);
    return static_cast<bool>(file.flush());
  };
  for (int kind = 0; kind < hullmark::kEventKinds; ++kind) {
    const bool hostile = kind % 2 == 0;
    if (!save_event(
            static_cast<hullmark::EventKind>(kind),
            hostile ? hullmark::testing::HostileEvent() : hullmark::testing::ViolationEvent())) {
      return 1;
    }
  }
  std::ofstream filters(std::string(argv[1]) + "/seccomp.json", std::ios::binary);
  hullmark::WriteFilterJson(hullmark::testing::FilterScene(),
                            [&](std::string_view piece) { filters << piece; });
  if (!filters.flush()) return 1;
  const bool saved = save("everything", hullmark::testing::Everything()) &&
                     save("fifty", hullmark::testing::FiftyContainers()) &&
                     save("hostile", hullmark::testing::Hostile()) &&
                     save("nobody", hullmark::testing::MakeWorld());
  return saved ? 0 : 1;
}
