// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace hullmark {

// What a caller can branch on. The text of an Error is for people.
enum class ErrorCode : std::uint8_t {
  kNotFound,     // ENOENT: no such file, or the kernel lacks the feature behind it.
  kDenied,       // EACCES, EPERM.
  kVanished,     // ESRCH, or the process was replaced while it was read.
  kMalformed,    // It was read and is not what its manual page says.
  kUnsupported,  // EINVAL, EOPNOTSUPP, ENOSYS: nobody serves this file.
  kTruncated,    // More than the reader accepts; what was read is not the whole.
  kIo,           // Any other errno.
  kVantage,      // Readable, but from here it does not mean what it says (own namespace, hidepid).
  kNotRead,      // Nobody looked.
};

// Why a kernel file gave no fact. Four bytes, so that records stay compact: the file is known from
// where the Fault stands. `error_number` is an errno(3) value, 0 where no system call failed.
struct Fault {
  ErrorCode code = ErrorCode::kNotRead;
  std::uint16_t error_number = 0;

  friend constexpr bool operator==(const Fault&, const Fault&) = default;
};

// A value read from the kernel, or why there is none. It never decays to a default.
template <typename T>
using Fact = std::expected<T, Fault>;

// A failure that a person will read: path or place first, then what is wrong.
struct Error {
  ErrorCode code = ErrorCode::kIo;
  std::string message{};
};

template <typename T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> Fail(ErrorCode code, std::string message) {
  return std::unexpected(Error{code, std::move(message)});
}

constexpr std::unexpected<Fault> Missing(ErrorCode code, int error_number = 0) {
  return std::unexpected(Fault{code, static_cast<std::uint16_t>(error_number)});
}

// The code that stands for an errno(3) value.
ErrorCode CodeOfErrno(int error_number);

// "permission denied", "not found" ...: one or two words for evidence lines.
std::string_view NameOf(ErrorCode code);

}  // namespace hullmark
