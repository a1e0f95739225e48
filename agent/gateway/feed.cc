// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/feed.h"

#include <cstddef>
#include <expected>
#include <utility>

#include "agent/base/file.h"
#include "agent/base/memory.h"
#include "agent/gateway/channel.h"
#include "agent/gateway/documents.h"
#include "agent/gateway/requests.h"
#include "agent/gateway/web_settings.h"
#include "hullmark/result.h"

namespace hullmark {

bool Feed::Take() {
  while (true) {
    auto received = channel_.ReceiveDocuments();
    if (!received) {
      if (received.error().code != ErrorCode::kVanished) warn_(received.error().message);
      return false;
    }
    auto& sent = *received;
    if (!sent) break;
    if (sent->what == Sending::kDocuments) {
      Show(std::move(*sent));
    } else if (!Apply(sent->file)) {
      return false;
    }
  }
  Tell();
  return true;
}

void Feed::Show(ReceivedDocuments received) {
  const bool first = std::exchange(received_, received.sequence) == 0;
  auto documents = Documents::Open(std::move(received.file));
  refused_ = !documents;
  if (!documents) return warn_(documents.error().message);
  server_.Publish(std::move(*documents));
  if (first) ReleaseMemory();
}

// The inspector has tried the settings. Should they be of no use all the same, the old ones stay;
// without any there is nobody who may be let in.
bool Feed::Apply(const Fd& file) {
  const auto settings = OpenWebSettings(file);
  const auto set = settings ? server_.SetWeb(*settings) : std::unexpected(settings.error());
  if (!set) warn_("web settings: " + set.error().message);
  return server_.HasWeb();
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
