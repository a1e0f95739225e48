// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/gateway/passwords.h"
#include "agent/gateway/tls.h"
#include "hullmark/result.h"

namespace hullmark {

// What a web configuration says, with the contents of the files that it names: what the gateway
// cannot open, it is handed.
struct WebSettings {
  std::optional<TlsSettings> tls{};
  Users users{};  // None: nobody is asked for a password.
  std::vector<std::pair<std::string, std::string>> headers{};
};

// As one sealed memfd, for Channel.
Result<Fd> SealWebSettings(const WebSettings& settings);

// Error kMalformed: not what SealWebSettings makes.
Result<WebSettings> OpenWebSettings(const Fd& file);

}  // namespace hullmark
