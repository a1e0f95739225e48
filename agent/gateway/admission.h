// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string_view>
#include <utility>

#include "agent/gateway/connection.h"
#include "agent/gateway/head.h"
#include "agent/gateway/passwords.h"
#include "agent/gateway/responder.h"

namespace hullmark {

// From a request's head to its answer, by way of a password where one is wanted. For one thread.
class Admission {
 public:
  using Ticket = std::uint64_t;

  // `wake` is called from another thread when Proceed() has something to do.
  Admission(Responder& responder, std::function<void()> wake)
      : responder_(responder), passwords_(std::move(wake)) {}

  // True: they are others than before.
  bool SetUsers(Users users) { return passwords_.SetUsers(std::move(users)); }

  // Answers a request, or begins to verify its password: `ticket` names the connection then. `head`
  // is as Connection::TakeHead() gives it.
  void Receive(std::string_view head, Ticket ticket, Connection& connection,
               Connection::Moment now);

  // Answers those whose passwords have been verified. `find`: nullptr of one who has gone;
  // `answered` is called of the others.
  void Proceed(const std::function<Connection*(Ticket)>& find,
               const std::function<void(Ticket)>& answered);

 private:
  void RespondTo(Passwords::Verdict verdict, const RequestHead& head, Connection& connection);

  Responder& responder_;
  std::map<Ticket, RequestHead> checked_;  // Whose passwords are being verified.
  Passwords passwords_;
};

}  // namespace hullmark
