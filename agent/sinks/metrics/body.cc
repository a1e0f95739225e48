// SPDX-License-Identifier: Apache-2.0
#include "agent/sinks/metrics/body.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "agent/sinks/metrics/families.h"

namespace hullmark {
namespace {

constexpr std::size_t kMostNumber = 32;  // The longest double has 24 characters.

char* Copy(char* to, std::string_view text) {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

}  // namespace

void MetricBody::Clear() { used_ = series_ = 0; }

void MetricBody::Start(Metric metric) {
  metric_ = metric;
  name_ = FamilyOf(metric).name;
  has_header_ = false;
}

char* MetricBody::Reserve(std::size_t count) {
  if (bytes_.size() - used_ < count) bytes_.resize(std::max(bytes_.size() * 2, used_ + count));
  return bytes_.data() + used_;
}

void MetricBody::WriteHeader() {
  const MetricFamily& family = FamilyOf(metric_);
  std::string header = "# HELP ";
  header.append(family.name).append(" ").append(family.help).append("\n# TYPE ");
  header.append(family.name).append(" ").append(NameOf(family.kind)).append("\n");
  Append(header, 0);
  has_header_ = true;
}

char* MetricBody::BeginLine(std::string_view labels, std::string_view more) {
  if (!has_header_) WriteHeader();
  char* at = Reserve(name_.size() + labels.size() + more.size() + kMostNumber + 4);
  at = Copy(at, name_);
  if (!labels.empty() || !more.empty()) {
    *at++ = '{';
    at = Copy(at, labels);
    at = Copy(at, more);
    *at++ = '}';
  }
  *at++ = ' ';
  return at;
}

void MetricBody::EndLine(char* end) {
  *end++ = '\n';
  used_ = static_cast<std::size_t>(end - bytes_.data());
  ++series_;
}

void MetricBody::Add(std::string_view labels, std::string_view more, std::uint64_t value) {
  char* const at = BeginLine(labels, more);
  EndLine(std::to_chars(at, at + kMostNumber, value).ptr);
}

void MetricBody::Add(std::string_view labels, std::string_view more, double value) {
  char* const at = BeginLine(labels, more);
  EndLine(std::to_chars(at, at + kMostNumber, value).ptr);
}

void MetricBody::AddThousandths(std::string_view labels, std::string_view more,
                                std::int64_t value) {
  constexpr std::int64_t kUnit = 1000;
  char* at = BeginLine(labels, more);
  if (value < 0) *at++ = '-';
  const std::int64_t whole = value < 0 ? -value : value;
  at = std::to_chars(at, at + kMostNumber, whole / kUnit).ptr;
  if (std::int64_t rest = whole % kUnit; rest != 0) {
    *at++ = '.';
    for (std::int64_t digit = kUnit / 10; rest != 0; rest %= digit, digit /= 10) {
      *at++ = static_cast<char>('0' + rest / digit);
    }
  }
  EndLine(at);
}

void MetricBody::AddOnes(std::string_view labels, std::span<const std::string_view> mores) {
  if (mores.empty()) return;
  if (!has_header_) WriteHeader();
  constexpr std::string_view kEnd = "} 1\n";
  std::size_t size = mores.size() * (name_.size() + 1 + labels.size() + kEnd.size());
  for (const std::string_view more : mores) size += more.size();
  char* const begin = Reserve(size);
  char* at = Copy(begin, name_);
  *at++ = '{';
  at = Copy(at, labels);
  const std::string_view shared(begin, at);  // The first line's beginning is everyone's.
  at = Copy(Copy(at, mores.front()), kEnd);
  for (const std::string_view more : mores.subspan(1)) {
    at = Copy(Copy(Copy(at, shared), more), kEnd);
  }
  used_ += size;
  series_ += mores.size();
}

void MetricBody::Cut(std::size_t bytes, std::size_t series) {
  used_ = bytes;
  series_ = series;
}

void MetricBody::Append(std::string_view families, std::size_t count) {
  Copy(Reserve(families.size()), families);
  used_ += families.size();
  series_ += count;
}

}  // namespace hullmark
