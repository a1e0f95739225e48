// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

namespace hullmark {

// The bytes of a published set, in the machine's own order: both ends are one program on one host.
// A header, the bodies, the paths, then the entries in ascending order of their paths.

inline constexpr std::array<char, 8> kDocumentsMagic = {'H', 'M', 'D', 'O', 'C', 'S', '0', '3'};

struct DocumentsHeader {
  std::array<char, 8> magic = kDocumentsMagic;
  std::uint64_t size = 0;  // Of the whole file.
  std::uint64_t index_offset = 0;
  std::uint64_t entries = 0;
  std::uint64_t sequence = 0;
  std::int64_t made_at = 0;    // Nanoseconds.
  std::int64_t fresh_for = 0;  // Nanoseconds.
  std::uint64_t last_event = 0;
  std::uint64_t life = 0;
  std::uint64_t inherited_event = 0;
};

struct DocumentsEntry {
  std::uint64_t path_offset = 0, path_length = 0;
  std::uint64_t plain_offset = 0, plain_length = 0;
  std::uint64_t gzip_offset = 0, gzip_length = 0;  // 0 and 0: none.
  std::uint64_t hash = 0;
  std::uint32_t type = 0;
  std::uint32_t reserved = 0;
};

}  // namespace hullmark
