// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/benchmark/yaml_tree.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/result.h"

namespace hullmark {

// A value of an overrides file and its line.
template <typename T>
struct Placed {
  T value{};
  int line = 0;
};

// What a site wants otherwise of a control.
struct ControlOverride {
  std::string control{};
  int line = 0;
  std::string reason{};
  bool disabled = false;
  std::optional<Placed<Severity>> severity{};
  std::optional<Placed<std::int32_t>> weight{};
  std::vector<YamlNode> params{};  // Named by their keys; typed when they are applied.
};

// A site's changes to a benchmark.
struct Overrides {
  std::string name{};                                      // Of the file, for complaints.
  std::optional<Placed<std::int32_t>> unknown_permille{};  // Price of an unknown.
  std::vector<ControlOverride> controls{};                 // Each at most once.
};

// Parses an overrides file, strictly: see LoadConfig.
//   scoring: {unknown: 0.5}
//   controls: [{id, reason?, disabled?, severity?, weight?, params?: {NAME: value}}, ...]
// `disabled: true` wants a reason, and nothing else beside it.
Result<Overrides> LoadOverrides(std::string_view text, std::string_view name);

// The benchmark as the site wants it, with a line in Benchmark::overrides for each change. Error,
// with file and line: a control or parameter that it does not have, a value of another type than
// the benchmark's, a critical control that would not weigh more than a D, a critical control whose
// severity, weight or parameters change without a reason (unless it only weighs more).
Result<Benchmark> ApplyOverrides(Benchmark benchmark, const Overrides& overrides);

}  // namespace hullmark
