// SPDX-License-Identifier: Apache-2.0
#include "agent/parse/proc_stat.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "agent/parse/cut.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr std::size_t kFirst = 3, kImageEnd = 47;  // Fields by their number in the manual page.

// Fields 3 to 47, those that are there.
class Fields {
 public:
  explicit Fields(std::string_view rest) {
    while (!rest.empty() && count_ < fields_.size()) fields_[count_++] = Cut(rest, ' ');
  }

  [[nodiscard]] bool Has(std::size_t field) const { return field < kFirst + count_; }

  // Of a field that is there; nullopt when it is no such number.
  template <typename Number>
  [[nodiscard]] std::optional<Number> Read(std::size_t field) const {
    return NumberOf<Number>(fields_[field - kFirst]);
  }
  [[nodiscard]] std::string_view Text(std::size_t field) const { return fields_[field - kFirst]; }

 private:
  std::array<std::string_view, kImageEnd - kFirst + 1> fields_;
  std::size_t count_ = 0;
};

// One step of a 64-bit FNV-like mix: every address counts, in its place.
constexpr std::uint64_t Mix(std::uint64_t sum, std::uint64_t value) {
  constexpr std::uint64_t kPrime = 0x100000001b3;
  const std::uint64_t product = (sum ^ value) * kPrime;
  return product ^ (product >> 32);
}

constexpr auto kAddresses = std::to_array<std::size_t>({26, 27, 28, 45, 46, 47});

std::optional<std::uint64_t> ImageOf(const Fields& fields) {
  std::array<std::uint64_t, kAddresses.size()> addresses = {};
  std::size_t count = 0;
  for (const std::size_t field : kAddresses) {
    if (!fields.Has(field)) break;  // 45 and above came with 3.5.
    const auto address = fields.Read<std::uint64_t>(field);
    if (!address) return std::nullopt;
    addresses[count++] = *address;
  }
  // Without ptrace access the first two read as 1, the others as 0.
  constexpr std::uint64_t kHidden = 1;
  return addresses.front() <= kHidden ? 0 : MixImage(std::span(addresses).first(count));
}

}  // namespace

std::uint64_t MixImage(std::span<const std::uint64_t> addresses) {
  std::uint64_t image = 0;
  for (const std::uint64_t address : addresses) image = Mix(image, address);
  return image;
}

Fact<ParsedStat> ParseProcStat(std::string_view text) {
  const auto close = text.rfind(')');
  if (close == std::string_view::npos || !text.ends_with('\n')) return Malformed();
  text = WithoutNewline(text.substr(close + 1));
  if (!text.starts_with(' ')) return Malformed();
  const Fields fields(text.substr(1));
  if (!fields.Has(28) || fields.Text(3).size() != 1) return Malformed();
  const auto parent = fields.Read<std::int32_t>(4);
  const auto tty = fields.Read<std::int32_t>(7);  // A device number that the kernel prints signed.
  const auto flags = fields.Read<std::uint32_t>(9);
  const auto threads = fields.Read<std::uint32_t>(20);
  const auto start = fields.Read<std::uint64_t>(22);
  const auto image = ImageOf(fields);
  if (!parent || !tty || !flags || !threads || !start || !image) return Malformed();
  return ParsedStat{.facts = {.start = BootTicks{*start},
                              .parent = *parent,
                              .tty = static_cast<std::uint32_t>(*tty),
                              .flags = *flags,
                              .state = fields.Text(3).front()},
                    .thread_count = *threads,
                    .image = *image};
}

}  // namespace hullmark
