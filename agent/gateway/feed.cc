// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/feed.h"

#include <cstddef>
#include <utility>

#include "agent/base/memory.h"
#include "agent/gateway/channel.h"
#include "agent/gateway/documents.h"
#include "agent/gateway/requests.h"
#include "hullmark/result.h"

namespace hullmark {

bool Feed::Take() {
  while (true) {
    auto file = channel_.ReceiveDocuments();
    if (!file) {
      if (file.error().code != ErrorCode::kVanished) warn_(file.error().message);
      return false;
    }
    if (!*file) break;
    const bool first = std::exchange(received_, (*file)->sequence) == 0;
    auto documents = Documents::Open(std::move((*file)->file));
    refused_ = !documents;
    if (!documents) {
      warn_(documents.error().message);
      continue;
    }
    server_.Publish(std::move(*documents));
    if (first) ReleaseMemory();
  }
  Tell();
  return true;
}

void Feed::Tell() {
  const RequestCounts counts = server_.Counts();
  RequestCounts since = counts;
  for (std::size_t route = 0; route < since.size(); ++route) {
    for (std::size_t code = 0; code < since[route].size(); ++code) {
      since[route][code] -= before_[route][code];
    }
  }
  const Sent sent = channel_.SendState(
      {.listening = true, .received = received_, .refused = refused_, .requests = since});
  if (sent == Sent::kSent) told_ = counts;
}

}  // namespace hullmark
