// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/trusted_text.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <expected>
#include <string>
#include <utility>

#include "agent/base/file.h"
#include "agent/base/trusted.h"
#include "agent/cli/inputs.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

Result<TrustedText> ReadTrusted(const std::string& path) {
  const auto file = OpenTrusted(path, Uid{geteuid()});
  if (!file) return std::unexpected(file.error());
  struct stat status = {};
  if (fstat(file->get(), &status) != 0) return Fail(CodeOfErrno(errno), path + ": fstat");
  auto text = ReadSiteFile(*file, path);
  if (!text) return std::unexpected(text.error());
  return TrustedText{.text = std::move(*text),
                     .secret = (status.st_mode & (S_IRWXG | S_IRWXO)) == 0};
}

std::unexpected<Error> NoSecret(const std::string& path, const std::string& what) {
  return Fail(ErrorCode::kDenied,
              path + ": not trusted: others than its owner may read " + what + " (chmod 600)");
}

Result<std::string> ReadSecret(const std::string& path, const std::string& what) {
  auto file = ReadTrusted(path);
  if (!file) return std::unexpected(file.error());
  if (!file->secret) return NoSecret(path, what);
  return std::move(file->text);
}

}  // namespace hullmark
