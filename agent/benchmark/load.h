// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/result.h"

namespace hullmark {

// The benchmark shipped with the program: the bytes of checks/benchmarks/default.yaml.
std::string_view DefaultBenchmarkText();

// Parses and resolves a benchmark strictly: an unknown or repeated key, an unknown or repeated id,
// a wrong type, a missing text, a check without an entry or an entry without a check is an error
// that names `name` and the line ("default.yaml:120: ..."). `checks` outlives the Benchmark.
Result<Benchmark> LoadBenchmark(std::string_view text, std::string_view name,
                                std::span<const Check> checks);

}  // namespace hullmark
