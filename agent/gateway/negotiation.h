// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace hullmark {

// What a client accepts, and what it has already: header values, which are lists separated by
// commas, see RFC 9110. What cannot be read as one accepts nothing and matches nothing.

// Whether an Accept-Encoding takes gzip; "" takes none.
bool AcceptsGzip(std::string_view accepted);

// Whether an If-None-Match has `etag`, which is in quotes.
bool MatchesEtag(std::string_view if_none_match, std::string_view etag);

}  // namespace hullmark
