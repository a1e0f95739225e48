// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/gateway/web_settings.h"
#include "hullmark/result.h"

namespace hullmark {

// The web configuration at `path` ("": none) with the contents of what it names. All of it has to
// be trusted, see OpenTrusted, and the key readable for its owner alone. It has been tried: a
// gateway can use it. Error: names the file and what is wrong.
Result<WebSettings> LoadWebSettings(const std::string& path);

}  // namespace hullmark
