// SPDX-License-Identifier: Apache-2.0
#include "agent/base/sealed.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "hullmark/result.h"

namespace hullmark {

Result<Fd> SealBytes(const char* name, std::string_view bytes) {
  Fd file(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
  if (!file || pwrite(file.get(), bytes.data(), bytes.size(), 0) != std::ssize(bytes) ||
      fcntl(file.get(), F_ADD_SEALS, kSeals) != 0) {
    return Fail(CodeOfErrno(errno), std::string(name) + ": " + std::strerror(errno));
  }
  return file;
}

Result<SealedBytes> SealedBytes::Map(const Fd& file, std::size_t most) {
  const off_t size = lseek(file.get(), 0, SEEK_END);
  if (size < 0 || static_cast<std::size_t>(size) > most) {
    return Fail(ErrorCode::kMalformed, "what was handed over is no file, or too large");
  }
  if (size == 0) return SealedBytes({});
  // A sealed file does not shrink below a mapping.
  const int seals = fcntl(file.get(), F_GET_SEALS);
  if (seals < 0 || (seals & F_SEAL_SHRINK) == 0 || (seals & F_SEAL_WRITE) == 0) {
    return Fail(ErrorCode::kMalformed, "what was handed over is not sealed");
  }
  const auto length = static_cast<std::size_t>(size);
  void* const bytes = mmap(nullptr, length, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (bytes == MAP_FAILED) {
    return Fail(ErrorCode::kMalformed, "what was handed over cannot be mapped");
  }
  return SealedBytes({static_cast<const char*>(bytes), length});
}

SealedBytes::~SealedBytes() {
  if (!bytes_.empty()) munmap(const_cast<char*>(bytes_.data()), bytes_.size());
}

void PutText(std::string& bytes, std::string_view text) {
  const std::uint64_t length = text.size();
  bytes.append(reinterpret_cast<const char*>(&length), sizeof length);
  bytes += text;
}

std::optional<std::string> TakeText(std::string_view& bytes) {
  std::uint64_t length = 0;
  if (bytes.size() < sizeof length) return std::nullopt;
  std::memcpy(&length, bytes.data(), sizeof length);
  if (length > bytes.size() - sizeof length) return std::nullopt;
  bytes.remove_prefix(sizeof length);
  std::string text(bytes.substr(0, static_cast<std::size_t>(length)));
  bytes.remove_prefix(static_cast<std::size_t>(length));
  return text;
}

std::optional<std::vector<std::string>> TakeTexts(std::string_view& bytes, std::size_t count) {
  std::vector<std::string> texts;
  while (texts.size() < count) {
    auto text = TakeText(bytes);
    if (!text) return std::nullopt;
    texts.push_back(std::move(*text));
  }
  return texts;
}

}  // namespace hullmark
