// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/replay/mutation.h"

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "agent/replay/describe_snapshot.h"
#include "agent/replay/names.h"
#include "hullmark/caps.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "hullmark/strings.h"

namespace hullmark {
namespace {

// Walks the fields of one member of the Snapshot, counts them, and changes the one with the number
// that it was given.
class Mutator {
 public:
  static constexpr bool kReads = true;
  static constexpr std::size_t kNone = SIZE_MAX;

  Mutator(std::uint64_t seed, StringTable& strings, std::map<std::string, std::size_t> rows,
          std::size_t member, std::size_t field)
      : random_(seed), strings_(strings), rows_(std::move(rows)), member_(member), field_(field) {}

  std::size_t members() const { return members_; }
  std::size_t fields() const { return fields_; }

  template <typename T>
  void Late(std::string_view name, T& value) {
    Member(name, value);
  }
  template <typename T>
  void Member(std::string_view /*name*/, T& value) {
    if (depth_ == 0 && members_++ != member_) return;
    ++depth_;
    Visit(value);
    --depth_;
  }
  void Row(std::string_view /*name*/, std::optional<std::uint32_t>& row, std::string_view table) {
    if (!IsMeant()) return;
    row.reset();
    const std::size_t rows = rows_[std::string(table)];
    if (rows > 0 && Below(4) != 0) row = static_cast<std::uint32_t>(Below(rows));
  }
  template <typename T, std::size_t kSize>
  void Keyed(std::string_view name, std::array<T, kSize>& values,
             std::span<const std::string_view> /*keys*/) {
    Member(name, values);
  }
  void Flags(std::string_view /*name*/, std::uint8_t& bits,
             std::span<const std::string_view> names) {
    if (IsMeant()) bits = static_cast<std::uint8_t>(bits ^ 1U << Below(names.size()));
  }

 private:
  std::size_t Below(std::size_t end) { return random_() % end; }
  bool IsMeant() { return fields_++ == field_; }

  void Visit(bool& value) {
    if (IsMeant()) value = !value;
  }
  void Visit(CapSet& caps) {
    if (IsMeant()) caps = CapSet(caps.bits() ^ std::uint64_t{1} << Below(42));
  }
  void Visit(StringId& id) {
    if (IsMeant()) id = Below(2) == 0 ? AnyText() : strings_.Intern("t" + std::to_string(Below(9)));
  }
  void Visit(std::string& text) {
    if (IsMeant()) text += "x";
  }
  StringId AnyText() { return StringId{static_cast<std::uint32_t>(Below(strings_.size()))}; }

  template <std::integral T>
  void Visit(T& value) {
    if (!IsMeant()) return;
    using Limits = std::numeric_limits<T>;
    const T above = value == Limits::max() ? value : static_cast<T>(value + 1);
    const T below = value == Limits::min() ? value : static_cast<T>(value - 1);
    const std::array choices = {T{}, T{1}, above, below};
    value = choices[Below(choices.size())];
  }

  template <typename T>
    requires std::is_enum_v<T>
  void Visit(T& value) {
    if constexpr (requires { EnumNames(value); }) {
      if (IsMeant()) value = static_cast<T>(Below(EnumNames(value).size()));
    } else if constexpr (requires { TableOf(value); }) {
      if (IsMeant()) value = static_cast<T>(Below(rows_[std::string(TableOf(value))]));
    } else {
      std::underlying_type_t<T> number = std::to_underlying(value);
      Visit(number);
      value = T{number};
    }
  }

  template <typename T>
  static constexpr bool kIsIndex = requires(T value) { TableOf(value); };

  template <typename T>
  void Visit(std::optional<T>& value) {
    if (IsMeant()) {
      if (value || !HasRows<T>()) {
        value.reset();
      } else {
        value.emplace();
      }
    } else if (value) {
      Visit(*value);
    }
  }

  template <typename T>
  void Visit(Fact<T>& fact) {
    if (IsMeant()) {
      if (fact || !HasRows<T>()) {
        fact = std::unexpected(
            Fault{static_cast<ErrorCode>(Below(9)), static_cast<std::uint16_t>(Below(3))});
      } else {
        fact.emplace();
      }
    } else if (fact) {
      Visit(*fact);
    }
  }

  template <typename T>
  bool HasRows() {
    if constexpr (kIsIndex<T>) return rows_[std::string(TableOf(T{}))] > 0;
    return true;
  }

  // A list of a record may lose its last; tables keep their rows.
  template <typename T>
  void Visit(std::vector<T>& values) {
    if (depth_ > 1 && IsMeant() && !values.empty()) values.pop_back();
    for (T& value : values) Visit(value);
  }

  template <typename T, std::size_t kSize>
  void Visit(std::array<T, kSize>& values) {
    for (T& value : values) Visit(value);
  }

  template <typename T>
    requires std::is_class_v<T>
  void Visit(T& record) {
    ++depth_;
    Describe(*this, record);
    --depth_;
  }

  std::mt19937_64 random_;
  StringTable& strings_;
  std::map<std::string, std::size_t> rows_;
  std::size_t member_, field_;
  std::size_t members_ = 0, fields_ = 0;
  int depth_ = 0;
};

// What indices of a table of the Snapshot may be.
class TableSizes {
 public:
  [[maybe_unused]] static constexpr bool kReads = true;

  template <typename T>
  void Member(std::string_view /*name*/, T& /*value*/) {}
  void Late(std::string_view name, auto& value) { Member(name, value); }
  template <typename T>
  void Member(std::string_view name, std::vector<T>& values) {
    rows[std::string(name)] = values.size();
  }

  std::map<std::string, std::size_t> rows;
};

}  // namespace

void Mutate(Snapshot& snapshot, std::uint64_t seed) {
  TableSizes sizes;
  Describe(sizes, snapshot);
  std::mt19937_64 random(seed);
  const auto visit = [&](std::size_t member, std::size_t field) {
    Mutator mutator(random(), snapshot.strings, sizes.rows, member, field);
    Describe(mutator, snapshot);
    return mutator;
  };
  const std::size_t members = visit(Mutator::kNone, Mutator::kNone).members();
  std::size_t member = 0, fields = 0;
  while (fields == 0) {  // Some tables are empty.
    member = random() % members;
    fields = visit(member, Mutator::kNone).fields();
  }
  visit(member, random() % fields);
  std::ranges::sort(snapshot.threads, {},
                    [](const Thread& thread) { return std::pair(thread.process, thread.tid); });
}

}  // namespace hullmark
