// SPDX-License-Identifier: Apache-2.0
#include "hullmark/result.h"

#include <cerrno>
#include <string_view>

namespace hullmark {

ErrorCode CodeOfErrno(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      return ErrorCode::kNotFound;
    case EACCES:
    case EPERM:
      return ErrorCode::kDenied;
    case ESRCH:
      return ErrorCode::kVanished;
    case EINVAL:
    case EOPNOTSUPP:
    case ENOSYS:
      return ErrorCode::kUnsupported;
    default:
      return ErrorCode::kIo;
  }
}

std::string_view NameOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kNotFound:
      return "not found";
    case ErrorCode::kDenied:
      return "permission denied";
    case ErrorCode::kVanished:
      return "vanished while read";
    case ErrorCode::kMalformed:
      return "malformed";
    case ErrorCode::kUnsupported:
      return "not supported";
    case ErrorCode::kTruncated:
      return "too large";
    case ErrorCode::kIo:
      return "input/output error";
    case ErrorCode::kVantage:
      return "cannot be told from here";
    case ErrorCode::kNotRead:
      return "not read";
  }
  return "";
}

}  // namespace hullmark
