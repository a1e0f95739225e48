// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "agent/gateway/answer.h"
#include "agent/gateway/connection.h"
#include "agent/gateway/documents.h"
#include "agent/gateway/head.h"
#include "agent/gateway/requests.h"

namespace hullmark {

// Speaks HTTP/1.1 (cpp-httplib does) on requests that are already in memory. For one thread.
class Responder {
 public:
  using Latest = std::function<std::shared_ptr<const Documents>()>;
  using Count = std::function<void(Route, int status)>;
  using MayStream = std::function<bool(const Connection&)>;  // Whether its stream may begin.

  Responder(ApiRule api, Latest latest, Count count, MayStream may_stream);
  Responder(const Responder&) = delete;
  Responder& operator=(const Responder&) = delete;
  ~Responder();

  // Writes the answer to one request, and ends it. What is thrown on the way is an answer too.
  // `authenticated`: by a password.
  void Respond(const RequestHead& head, bool authenticated, Connection& connection);

  // What else every answer has; of two with one name these count.
  void SetHeaders(const Headers& headers);

  // Writes an error of its own making and ends the connection: for what is no request, or is not
  // let in. `with_body`: not of a HEAD.
  void Refuse(Connection& connection, int status, std::string_view message, bool with_body = true);

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace hullmark
