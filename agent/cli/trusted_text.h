// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>

#include "hullmark/result.h"

namespace hullmark {

struct TrustedText {
  std::string text{};
  bool secret = false;  // Its owner alone may read it.
};

// A file that decides what is done, or proves who we are: it has to be trusted, see OpenTrusted.
// What is read is what was judged, whoever replaces the file meanwhile.
Result<TrustedText> ReadTrusted(const std::string& path);

std::unexpected<Error> NoSecret(const std::string& path, const std::string& what);

// As ReadTrusted, of what is a secret: "the key".
Result<std::string> ReadSecret(const std::string& path, const std::string& what);

}  // namespace hullmark
