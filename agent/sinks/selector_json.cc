// SPDX-License-Identifier: Apache-2.0
#include "agent/sinks/selector_json.h"

#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/encode/json_writer.h"
#include "hullmark/glob.h"
#include "hullmark/selector.h"

namespace hullmark {

// NOLINTNEXTLINE(misc-no-recursion): as deep as the configuration's parser let it be.
void WriteSelector(JsonWriter& json, const Selector& selector) {
  const std::array<std::pair<std::string_view, const std::vector<Glob>*>, 8> keys = {
      {{"name", &selector.name},
       {"id", &selector.id},
       {"image", &selector.image},
       {"runtime", &selector.runtime},
       {"namespace", &selector.name_space},
       {"pod", &selector.pod},
       {"class", &selector.container_class},
       {"cgroup", &selector.cgroup}}};
  json.BeginObject();
  for (const auto& [key, patterns] : keys) {
    if (patterns->empty()) continue;
    json.Key(key).BeginArray();
    for (const Glob& pattern : *patterns) json.String(pattern.pattern());
    json.EndArray();
  }
  if (!selector.labels.empty()) {
    json.Key("label").BeginObject();
    for (const auto& [key, pattern] : selector.labels) json.Member(key, pattern.pattern());
    json.EndObject();
  }
  if (selector.uid) json.Member("uid", std::to_underlying(*selector.uid));
  if (selector.except != nullptr) {
    json.Key("not");
    WriteSelector(json, *selector.except);
  }
  json.EndObject();
}

}  // namespace hullmark
