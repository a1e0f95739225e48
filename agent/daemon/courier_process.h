// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/base/packets.h"
#include "agent/daemon/child.h"
#include "agent/daemon/clock.h"
#include "agent/hooks/messages.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

// The courier, as the inspector's child or as a unit of its own: given letters, heard, and started
// (or joined) again when it dies or no longer answers.
class CourierProcess {
 public:
  struct How {
    std::vector<std::string> command{};  // See SpawnSelf.
    std::string socket{};                // Not "": where a unit waits for inspectors.
  };

  explicit CourierProcess(How how) : how_(std::move(how)) {}
  CourierProcess(const CourierProcess&) = delete;
  CourierProcess& operator=(const CourierProcess&) = delete;
  ~CourierProcess() { Stop(); }

  // See SealEndpoints: sent at once, and first to a new one. None: no courier is needed.
  void SetEndpoints(Fd endpoints);

  // What has happened since the last call; starts it again when its time has come. `lost`: what was
  // given and not reported will not be reported any more.
  struct News {
    std::vector<DeliveryReport> reports{};
    bool lost = false;
  };
  News Upkeep(Moment now);

  // Whether letters can be given.
  bool IsThere() const { return told_ && process_.has_value(); }
  // False: it has no room for it, or has just gone.
  bool Give(const Delivery& delivery) const;

  // Ends it: it holds nothing that has to be saved.
  void Stop();

  int fd() const { return channel_.fd(); }
  std::optional<Pid> pid() const { return process_; }

 private:
  Result<void> Begin(Moment now);
  void Listen(Moment now, News& news);
  void Lose(Moment now, const std::string& why);

  How how_;
  PacketSocket channel_;        // Closed where there is no courier.
  std::optional<Pid> process_;  // Of a unit once it has said something.
  Fd endpoints_;
  bool told_ = false;  // The endpoints, to the living one.
  Moment started_{}, heard_{}, restart_at_{};
  BackOff back_off_;
  std::vector<char> buffer_ = std::vector<char>(kMostPacket);
};

}  // namespace hullmark
