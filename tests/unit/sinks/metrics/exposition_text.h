// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hullmark::testing {

// A body in Prometheus' text format, read as strictly as its specification allows: what it does not
// say throws std::runtime_error with the line.
struct ParsedBody {
  using Labels = std::map<std::string, std::string>;
  struct Sample {
    std::string name;
    Labels labels;
    double value = 0;
  };
  std::vector<Sample> samples{};
  std::map<std::string, std::string> types{}, helps{};  // By family.

  // Values of a name, in order; `labels` are those a sample must have.
  std::vector<double> Values(std::string_view name, const Labels& labels = {}) const;
  // The value of the only such sample; throws where there is none or are several.
  double Value(std::string_view name, const Labels& labels = {}) const;
};

// Also refused: a label set twice in a family, samples of a family that do not stand together, a
// family without HELP or TYPE, text that is not UTF-8.
ParsedBody ParseExposition(std::string_view text);

}  // namespace hullmark::testing
