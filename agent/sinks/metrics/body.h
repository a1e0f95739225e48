// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "agent/sinks/metrics/families.h"

namespace hullmark {

// Writes the text format of Prometheus, version 0.0.4, into one buffer that is used again and
// again. A family without series leaves no trace.
class MetricBody {
 public:
  void Clear();

  // The family of the series that follow.
  void Start(Metric metric);

  // A series: `labels` and `more` are written between braces as they are.
  void Add(std::string_view labels, std::string_view more, std::uint64_t value);
  void Add(std::string_view labels, std::string_view more, double value);
  void AddThousandths(std::string_view labels, std::string_view more, std::int64_t value);

  // A series of value 1 for each of `mores`: most of a body is of this kind.
  void AddOnes(std::string_view labels, std::span<const std::string_view> mores);

  // Families that somebody else has written, with so many series.
  void Append(std::string_view families, std::size_t count);

  // Takes back what was written since there were so many bytes and series.
  void Cut(std::size_t bytes, std::size_t series);

  std::string_view text() const { return std::string_view(bytes_).substr(0, used_); }
  std::size_t series() const { return series_; }

 private:
  // Room for a line with a number; writes all before the number and returns where it belongs.
  char* BeginLine(std::string_view labels, std::string_view more);
  void EndLine(char* end);
  char* Reserve(std::size_t count);
  void WriteHeader();

  std::string bytes_;  // Only the first `used_` are written.
  std::size_t used_ = 0;
  std::size_t series_ = 0;
  Metric metric_{};
  bool has_header_ = false;
  std::string_view name_{};
};

}  // namespace hullmark
