// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/words.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hullmark/glob.h"
#include "hullmark/selector.h"

namespace hullmark {
namespace {

// "a, b or c".
std::string AnyOf(const std::vector<Glob>& patterns) {
  std::string text;
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    if (i > 0) text += i + 1 == patterns.size() ? " or " : ", ";
    text += patterns[i].pattern();
  }
  return text;
}

// The keys of a selector: "namespace prod or test-*, uid 1000, not (name db)".
std::string KeysOf(const Selector& selector) {
  const std::array<std::pair<std::string_view, const std::vector<Glob>*>, 8> keys = {
      {{"name", &selector.name},
       {"id", &selector.id},
       {"image", &selector.image},
       {"runtime", &selector.runtime},
       {"namespace", &selector.name_space},
       {"pod", &selector.pod},
       {"class", &selector.container_class},
       {"cgroup", &selector.cgroup}}};
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  for (const auto& [key, patterns] : keys) {
    if (!patterns->empty()) add(std::string(key) + " " + AnyOf(*patterns));
  }
  for (const auto& [key, pattern] : selector.labels) add("label " + key + " " + pattern.pattern());
  if (selector.uid) add("uid " + std::to_string(std::to_underlying(*selector.uid)));
  if (selector.except != nullptr) add("not (" + KeysOf(*selector.except) + ")");
  return text;
}

}  // namespace

std::string Number(std::size_t number, std::string_view noun) {
  return std::to_string(number) + " " + std::string(noun) + (number == 1 ? "" : "s");
}

std::string Join(const std::vector<std::string>& words, std::string_view none) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text.empty() ? std::string(none) : text;
}

std::string Seconds(std::chrono::milliseconds time) {
  return std::to_string(time.count() / 1000) +
         (time.count() % 1000 == 0 ? ""
                                   : "." + std::to_string(1000 + time.count() % 1000).substr(1)) +
         " s";
}

std::string WhoIsMeant(const Selector& selector, std::string_view everybody) {
  if (IsEmpty(selector)) return std::string(everybody);
  return "containers with " + KeysOf(selector);
}

}  // namespace hullmark
