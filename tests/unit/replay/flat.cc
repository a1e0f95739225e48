// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/replay/flat.h"

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "agent/replay/describe_snapshot.h"
#include "hullmark/caps.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

class Flattener {
 public:
  static constexpr bool kReads = false;

  explicit Flattener(const Snapshot& snapshot) : snapshot_(snapshot) {}

  template <typename T>
  void Late(std::string_view name, const T& value) {
    Member(name, value);
  }
  template <typename T>
  void Member(std::string_view name, const T& value) {
    out_ += name;
    out_ += '=';
    Put(value);
    out_ += ';';
  }
  void Row(std::string_view name, const std::optional<std::uint32_t>& row,
           std::string_view /*table*/) {
    Member(name, row);
  }
  template <typename T, std::size_t kSize>
  void Keyed(std::string_view name, const std::array<T, kSize>& values,
             std::span<const std::string_view> /*keys*/) {
    Member(name, values);
  }
  void Flags(std::string_view name, std::uint8_t bits,
             std::span<const std::string_view> /*names*/) {
    Member(name, bits);
  }

  std::string Take() && { return std::move(out_); }

 private:
  void Put(CapSet caps) { Put(caps.bits()); }
  void Put(StringId id) { PutText(snapshot_.Text(id)); }
  void Put(const std::string& text) { PutText(text); }

  template <std::integral T>
  void Put(T value) {
    out_ += std::to_string(value);
  }

  template <typename T>
    requires std::is_enum_v<T>
  void Put(T value) {
    Put(std::to_underlying(value));
  }

  template <typename T>
  void Put(const std::optional<T>& value) {
    out_ += value ? '+' : '-';
    if (value) Put(*value);
  }

  template <typename T>
  void Put(const Fact<T>& fact) {
    out_ += fact ? '+' : '!';
    if (fact) {
      Put(*fact);
    } else {
      Put(fact.error().code);
      out_ += ',';
      Put(fact.error().error_number);
    }
  }

  template <typename T>
  void Put(const std::vector<T>& values) {
    PutAll(values);
  }

  template <typename T, std::size_t kSize>
  void Put(const std::array<T, kSize>& values) {
    PutAll(values);
  }

  template <typename T>
    requires std::is_class_v<T>
  void Put(const T& record) {
    out_ += '{';
    Describe(*this, record);
    out_ += '}';
  }

  void PutAll(const auto& values) {
    out_ += '[';
    for (const auto& value : values) {
      Put(value);
      out_ += ',';
    }
    out_ += ']';
  }

  // With its length in front, so that no text can pass for two.
  void PutText(std::string_view text) {
    Put(text.size());
    out_ += ':';
    out_ += text;
  }

  const Snapshot& snapshot_;
  std::string out_;
};

}  // namespace

std::string Flat(const Snapshot& snapshot) {
  Flattener flattener(snapshot);
  Describe(flattener, snapshot);
  return std::move(flattener).Take();
}

}  // namespace hullmark
