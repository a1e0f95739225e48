// SPDX-License-Identifier: Apache-2.0
#include "agent/sinks/live_lines.h"

#include <fmt/core.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "agent/encode/json_writer.h"
#include "agent/encode/text.h"
#include "agent/sinks/values.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/live.h"

namespace hullmark {
namespace {

constexpr std::size_t kShortId = 12;

std::string PlaceOf(const LiveExec& exec) {
  return Printable(exec.container.empty() ? std::string_view(exec.container_id).substr(0, kShortId)
                                          : std::string_view(exec.container));
}

}  // namespace

std::string ClockText(Timestamp at) {
  constexpr std::size_t kDate = 11;  // "2026-11-22T"
  constexpr std::size_t kClock = 12;
  return ToRfc3339(at).substr(kDate, kClock);
}

std::string LiveText(const LiveExec& exec) {
  const std::string when = ClockText(exec.at);
  const std::string place = PlaceOf(exec);
  std::string text =
      fmt::format("{} exec       {}: {} (pid {}, uid {}{})\n", when, place,
                  Printable(exec.executable), exec.pid, exec.uid, exec.joined ? ", joined" : "");
  for (const LiveViolation& violation : exec.violations) {
    text += fmt::format("{} violation  {}: {} {}, by {} (pid {}): {}\n", when, place,
                        violation.control, NameOf(violation.severity), Printable(exec.executable),
                        exec.pid, Printable(violation.fact));
  }
  return text;
}

std::string LiveLine(const LiveExec& exec) {
  std::string line;
  JsonWriter json([&line](std::string_view bytes) { line += bytes; });
  json.BeginObject();
  json.Member("schema", kLiveSchema);
  json.Member("at", ToRfc3339(exec.at));
  json.Key("container").BeginObject();
  json.Member("id", exec.container_id).Member("name", exec.container).EndObject();
  json.Member("pid", exec.pid).Member("uid", exec.uid);
  json.Member("executable", exec.executable).Member("joined", exec.joined);
  json.Key("violations").BeginArray();
  for (const LiveViolation& violation : exec.violations) {
    json.BeginObject();
    json.Member("control", violation.control);
    json.Member("severity", NameOf(violation.severity));
    json.Member("fact", violation.fact).EndObject();
  }
  json.EndArray().EndObject();
  json.Finish();
  return line;
}

}  // namespace hullmark
