// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/admission.h"

#include <functional>
#include <string_view>
#include <utility>

#include "agent/gateway/address.h"
#include "agent/gateway/connection.h"
#include "agent/gateway/head.h"
#include "agent/gateway/passwords.h"
#include "agent/gateway/responder.h"

namespace hullmark {

void Admission::Receive(std::string_view text, Ticket ticket, Connection& connection,
                        Connection::Moment now) {
  if (text.empty()) {
    return responder_.Refuse(connection, 431, "the head of a request ends within 8 KiB");
  }
  auto head = ReadHead(text);
  if (!head) return responder_.Refuse(connection, StatusOf(head.error()), head.error().message);
  if (!passwords_.AreWanted()) return responder_.Respond(*head, false, connection);
  const auto verdict = passwords_.Check(head->authorization, ClientOf(connection.fd()), ticket);
  if (verdict != Passwords::Verdict::kLater) return RespondTo(verdict, *head, connection);
  connection.BeginCheck(now);
  checked_.insert_or_assign(ticket, std::move(*head));
}

void Admission::RespondTo(Passwords::Verdict verdict, const RequestHead& head,
                          Connection& connection) {
  const bool with_body = head.method != "HEAD";
  switch (verdict) {
    case Passwords::Verdict::kRight:
      return responder_.Respond(head, true, connection);
    case Passwords::Verdict::kWrong:
    case Passwords::Verdict::kLater:
      return responder_.Refuse(connection, 401, "a user and a password are wanted", with_body);
    case Passwords::Verdict::kBusy:
      return responder_.Refuse(connection, 503, "too many passwords are being verified", with_body);
  }
}

void Admission::Proceed(const std::function<Connection*(Ticket)>& find,
                        const std::function<void(Ticket)>& answered) {
  for (const auto& [ticket, right] : passwords_.TakeDone()) {
    const auto head = checked_.extract(ticket);
    Connection* const connection = find(ticket);
    if (head.empty() || connection == nullptr) continue;
    RespondTo(right ? Passwords::Verdict::kRight : Passwords::Verdict::kWrong, head.mapped(),
              *connection);
    answered(ticket);
  }
}

}  // namespace hullmark
