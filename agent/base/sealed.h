// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "hullmark/result.h"

namespace hullmark {

// What one process of ours hands to another as a descriptor, secrets too: a memfd that nobody can
// change any more.
Result<Fd> SealBytes(const char* name, std::string_view bytes);

// Such bytes as the other one sees them, for as long as this lives.
class SealedBytes {
 public:
  // Mapped, since who is confined may not pread(2). Error kMalformed: not sealed, or larger than
  // `most`.
  static Result<SealedBytes> Map(const Fd& file, std::size_t most);

  SealedBytes(SealedBytes&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  SealedBytes& operator=(SealedBytes&&) = delete;
  ~SealedBytes();

  std::string_view view() const { return bytes_; }

 private:
  explicit SealedBytes(std::string_view bytes) : bytes_(bytes) {}

  std::string_view bytes_;
};

// Texts with their lengths, one after the other.
void PutText(std::string& bytes, std::string_view text);
// The next one; nullopt: cut off.
std::optional<std::string> TakeText(std::string_view& bytes);
std::optional<std::vector<std::string>> TakeTexts(std::string_view& bytes, std::size_t count);

}  // namespace hullmark
