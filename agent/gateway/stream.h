// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "agent/gateway/connection.h"
#include "agent/gateway/documents.h"

namespace hullmark {

// Gives a stream of events what `documents` have that is new to it, once it has taken what it was
// given before. Where there is a gap it is told of it. Nothing happens to other connections.
void GoOnWithStream(Connection& stream, const std::shared_ptr<const Documents>& documents,
                    Connection::Moment now);

}  // namespace hullmark
